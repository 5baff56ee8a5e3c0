"""What runs inside containers: images, programs, a shell, files, logs."""
