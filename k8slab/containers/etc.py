"""What the kubelet and every image put into /etc: host names, hosts, the resolver's settings, users.

Models pkg/kubelet/kubelet_pods.go (managedHostsFileContent,
GeneratePodHostNameAndDomain) and pkg/kubelet/network/dns/dns.go, v1.36.
"""

from __future__ import annotations

from typing import NamedTuple

from k8slab.api.meta import Obj

_KERNEL_SETTINGS = {
    "/proc/sys/kernel/hostname": "(none)\n",
    "/proc/sys/kernel/shm_rmid_forced": "0\n",
    "/proc/sys/net/ipv4/ip_local_port_range": "32768\t60999\n",
    "/proc/sys/net/ipv4/ip_unprivileged_port_start": "0\n",
    "/proc/sys/net/ipv4/tcp_syncookies": "1\n",
    "/proc/sys/net/ipv4/tcp_keepalive_time": "7200\n",
}
ZONE = "cluster.local"
DNS_ADDRESS = "10.96.0.10"
_NODE_RESOLVER = "172.18.0.1"
"""The name server in a node's own resolv.conf, which knows nothing of the cluster."""
_MOST_NAME_LETTERS = 63


def hostname_of(pod: Obj) -> str:
    """The host name inside a Pod (with its domain where it asked for that)."""
    spec = pod["spec"]
    if spec.get("hostNetwork"):
        return str(spec.get("nodeName", ""))
    name, domain = _names(pod)
    return f"{name}.{domain}" if spec.get("setHostnameAsFQDN") and domain else name


def _names(pod: Obj) -> tuple[str, str]:
    """The host name, cut to what Linux takes, and the domain."""
    spec = pod["spec"]
    override = spec.get("hostnameOverride")
    name = override or spec.get("hostname") or pod["metadata"]["name"]
    short = str(name)[:_MOST_NAME_LETTERS].rstrip("-.") if len(name) > _MOST_NAME_LETTERS else str(name)
    if override or not spec.get("subdomain"):
        return short, ""
    return short, f"{spec['subdomain']}.{pod['metadata']['namespace']}.svc.{ZONE}"


def hosts_text(pod: Obj) -> str:
    """The file /etc/hosts that the kubelet makes for a Pod."""
    local = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
    if pod["spec"].get("hostNetwork"):
        address = (pod.get("status") or {}).get("hostIP", "")
        node = pod["spec"].get("nodeName", "")
        text = f"# Kubernetes-managed hosts file (host network).\n{local}{address}\t{node}\n"
    else:
        name, domain = _names(pod)
        address = (pod.get("status") or {}).get("podIP", "")
        own = f"{name}.{domain}\t{name}" if domain else name
        text = (
            f"# Kubernetes-managed hosts file.\n{local}"
            "fe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n"
        )
        text += f"{address}\t{own}\n" if address else ""
    aliases = pod["spec"].get("hostAliases") or ()
    if aliases:
        text += "\n# Entries added by HostAliases.\n"
        text += "".join(f"{one['ip']}\t{chr(9).join(one.get('hostnames') or ())}\n" for one in aliases)
    return text


class Resolver(NamedTuple):
    """How a Pod's processes look names up."""

    servers: tuple[str, ...]
    searches: tuple[str, ...]
    options: tuple[tuple[str, str], ...]

    @property
    def knows_the_cluster(self) -> bool:
        """Whether the first server that is asked is the cluster's."""
        return DNS_ADDRESS in self.servers[:1]

    @property
    def dots(self) -> int:
        """A name with fewer dots is first tried with each search domain (`ndots`)."""
        found = next((value for name, value in self.options if name == "ndots"), "1")
        return int(found) if found.isdigit() else 1


def resolver_of(pod: Obj) -> Resolver:
    """The resolver's settings by the Pod's dnsPolicy and dnsConfig (`GetPodDNS`)."""
    spec, namespace = pod["spec"], pod["metadata"]["namespace"]
    policy = spec.get("dnsPolicy") or "ClusterFirst"
    in_cluster = policy == "ClusterFirstWithHostNet" or (
        policy == "ClusterFirst" and not spec.get("hostNetwork")
    )
    servers: list[str] = []
    searches: list[str] = []
    options: dict[str, str] = {}
    if in_cluster:
        servers = [DNS_ADDRESS]
        searches = [f"{namespace}.svc.{ZONE}", f"svc.{ZONE}", ZONE]
        options = {"ndots": "5"}
    elif policy != "None":
        servers = [_NODE_RESOLVER]
    config = spec.get("dnsConfig") or {}
    servers += config.get("nameservers") or ()
    searches += config.get("searches") or ()
    for option in config.get("options") or ():
        options[option["name"]] = option.get("value") or ""
    return Resolver(tuple(dict.fromkeys(servers)), tuple(dict.fromkeys(searches)), tuple(options.items()))


def resolver_text(pod: Obj) -> str:
    """The file /etc/resolv.conf."""
    resolver = resolver_of(pod)
    text = f"search {' '.join(resolver.searches)}\n" if resolver.searches else ""
    text += "".join(f"nameserver {server}\n" for server in resolver.servers)
    if resolver.options:
        options = " ".join(f"{name}:{value}" if value else name for name, value in resolver.options)
        text += f"options {options}\n"
    return text


def node_tree(pod: Obj) -> dict[str, str]:
    """The files that a node has of its own, as far as a hostPath volume may want to see them."""
    node = pod["spec"].get("nodeName", "")
    address = (pod.get("status") or {}).get("hostIP", "")
    return {
        "/etc/hostname": f"{node}\n",
        "/etc/hosts": f"127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n{address}\t{node}\n",
        "/etc/resolv.conf": f"nameserver {_NODE_RESOLVER}\n",
        "/etc/os-release": 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nNAME="Debian GNU/Linux"\nID=debian\n',
        "/tmp/": "",
        "/var/log/": "",
        "/var/lib/": "",
    }


PASSWD = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n"
GROUPS = "root:x:0:\nnogroup:x:65534:\n"
"""The accounts that every image has; an image may have more."""


def etc_tree(pod: Obj) -> dict[str, str]:
    """The files that are in every container, and the directories that are in every image."""
    sysctls = (pod["spec"].get("securityContext") or {}).get("sysctls") or ()
    settings = {f"/proc/sys/{one['name'].replace('.', '/')}": f"{one['value']}\n" for one in sysctls}
    return {
        **_KERNEL_SETTINGS,
        **settings,
        "/etc/hostname": f"{hostname_of(pod)}\n",
        "/etc/hosts": hosts_text(pod),
        "/etc/resolv.conf": resolver_text(pod),
        "/etc/passwd": PASSWD,
        "/etc/group": GROUPS,
        "/bin/sh": "",
        "/tmp/": "",
        "/root/": "",
        "/var/log/": "",
        "/var/run/": "",
        "/var/tmp/": "",
        "/run/": "",
        "/dev/null": "",
        "/usr/bin/": "",
        "/home/": "",
        "/mnt/": "",
        "/opt/": "",
        "/srv/": "",
    }
