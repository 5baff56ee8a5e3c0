"""What an object says of itself: the rows of the inspector. Fields have Kubernetes' own names."""

from __future__ import annotations

TEXTS = {
    "restarts": ("{state}, {count} restarts", "{state}，重启 {count} 次"),
    "related": ("Related", "相关对象"),
    "more": ("and {count} more", "以及另外 {count} 个"),
    "relation.owner": ("owner", "属主"),
    "relation.volume": ("volume", "卷"),
    "relation.network": ("network", "网络"),
    "relation.scheduling": ("scheduling", "调度"),
    "relation.policy": ("policy", "策略"),
    "relation.attachment": ("attachment", "挂接"),
}
