"""What the picture says of itself."""

from __future__ import annotations

TEXTS = {
    "tone.waiting": ("waiting", "等待中"),
    "tone.creating": ("creating", "创建中"),
    "tone.starting": ("starting", "启动中"),
    "tone.running": ("running", "运行中"),
    "tone.succeeded": ("succeeded", "已成功"),
    "tone.failed": ("failed", "失败"),
    "tone.terminating": ("terminating", "终止中"),
    "tone.unknown": ("unknown", "未知"),
    "gantt.title": ("Phases of Pods", "Pod 的阶段"),
    "gantt.summary": ("{pods} Pods of {owners} workloads", "{owners} 个工作负载的 {pods} 个 Pod"),
    "gantt.more": ("and {count} more Pods", "以及另外 {count} 个 Pod"),
    "gantt.none": ("no Pod yet", "还没有 Pod"),
    "gantt.from": ("{tone} from {at}", "{at} 起{tone}"),
    "gantt.gone": ("gone at {at}", "{at} 消失"),
}
