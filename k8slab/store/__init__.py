"""What etcd does: objects, revisions, indexes, watches and history."""
