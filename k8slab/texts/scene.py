"""What the picture says of itself."""

from __future__ import annotations

TEXTS = {
    "comma": (", ", "，"),
    "summary": ("{nodes} nodes, {pods} pods", "{nodes} 个节点，{pods} 个 Pod"),
    "clock": ("day {day} · {time}", "第 {day} 天 · {time}"),
    "facts": (
        "t = {seconds} s · seed {seed} · {events} events",
        "t = {seconds} 秒 · 种子 {seed} · {events} 个事件",
    ),
    "tray": ("Waiting for a node", "等待节点"),
    "tray.empty": ("no Pod waits", "没有 Pod 在等待"),
    "tray.one": ("1 Pod", "1 个 Pod"),
    "tray.count": ("{count} Pods", "{count} 个 Pod"),
    "text.waiting": ("Waiting for a node:", "等待节点："),
    "text.volumes": ("Volumes:", "卷："),
    "volumes": ("Volumes", "卷"),
    "volumes.loose": ("Volumes of no node", "不属于任何节点的卷"),
    "timeline": ("Timeline", "时间线"),
    "timeline.count": ("{count} {tone}", "{count} 个{tone}"),
    "now": ("now", "现在"),
    "console": ("Console", "控制台"),
    "differs": ("{name} differs", "{name} 不同"),
    "selected": ("selected", "已选中"),
    "uses": ("{pod} uses {claim}", "{pod} 使用 {claim}"),
    # Phases
    "tone.waiting": ("waiting", "等待中"),
    "tone.creating": ("creating", "创建中"),
    "tone.starting": ("starting", "启动中"),
    "tone.running": ("running", "运行中"),
    "tone.succeeded": ("succeeded", "已成功"),
    "tone.failed": ("failed", "失败"),
    "tone.terminating": ("terminating", "终止中"),
    "tone.unknown": ("unknown", "未知"),
    "restart": ("{count} restart", "重启 {count} 次"),
    "restarts": ("{count} restarts", "重启 {count} 次"),
    # Workloads and what is around them
    "ready": ("{ready} of {wanted} ready", "{wanted} 个中 {ready} 个就绪"),
    "ready.scaling_down": ("scaling down, {ready} of {wanted} ready", "缩容中，{wanted} 个中 {ready} 个就绪"),
    "paused": ("paused", "已暂停"),
    "suspended": ("suspended", "已挂起"),
    "deployment.kind": ("Deployment · revision {revision}", "Deployment · 版本 {revision}"),
    "deployment.revision": ("revision {revision}: {pods} pods", "版本 {revision}：{pods} 个 Pod"),
    "job": (
        "{mode}, {value}, {active} active, {failed} failed",
        "{mode}，{value}，{active} 个进行中，{failed} 个失败",
    ),
    "job.queue": ("queue", "队列"),
    "job.counted": ("counted", "计数"),
    "job.done": ("{done} done", "完成 {done}"),
    "cronjob": ("schedule {schedule}", "计划 {schedule}"),
    "cronjob.next": ("next in {}", "{} 后运行"),
    "cronjob.no_tick": ("no next tick", "不会再运行"),
    "cronjob.never": ("{schedule}, no next tick", "{schedule}，不会再运行"),
    "cronjob.suspended": ("{schedule}, suspended", "{schedule}，已挂起"),
    "service": (
        "{type}, port {port}, {ready} of {count} endpoints ready, {dns}",
        "{type}，端口 {port}，{count} 个端点中 {ready} 个就绪，{dns}",
    ),
    "service.headless": ("headless", "无头"),
    "service.none": ("no endpoints", "没有端点"),
    "claim.terminating": ("{size} {modes}, terminating", "{size} {modes}，终止中"),
    "claim.unattached": ("{size} {modes}, not attached", "{size} {modes}，未挂接"),
    "claim.held": ("{size} {modes}, held by {node}", "{size} {modes}，被 {node} 占住"),
    "claim.on": ("{size} {modes}, on {node}", "{size} {modes}，在 {node} 上"),
    "node.zone": ("zone {zone}", "可用区 {zone}"),
    "node.off": ("power off", "断电"),
    "node.cordoned": ("cordoned", "不可调度"),
    "node.pod": ("1 pod", "1 个 Pod"),
    "node.pods": ("{count} pods", "{count} 个 Pod"),
    "node.well": ("{well} of {pods} pods well", "{pods} 个 Pod 中 {well} 个正常"),
    # Notes
    "note.why": ("Why is {what} as it is?", "{what} 为什么是这样？"),
    "note.no_new": ("Why is there no new {pod}?", "为什么没有新的 {pod}？"),
    "note.no_new.answer": (
        "{node} is unreachable, so nothing confirms that its {pod} has stopped, and a StatefulSet "
        "never runs one identity twice. Bring {node} back, taint it out-of-service, or force the delete.",
        "{node} 不可达，所以没有谁能确认它上面的 {pod} 已经停止，而 StatefulSet 绝不会让同一身份运行两次。"
        "请恢复 {node}，给它加上 out-of-service 污点，或强制删除。",
    ),
    "note.still_there": ("Why is {pod} still there?", "为什么 {pod} 还在？"),
    "note.still_there.answer": (
        "{node} is unreachable, so its kubelet cannot confirm that the Pod has stopped; the object "
        "stays until {node} is back or is deleted.",
        "{node} 不可达，所以它的 kubelet 无法确认 Pod 已经停止；"
        "在 {node} 恢复或被删除之前，该对象会一直保留。",
    ),
    "note.no_node": ("Why is {pod} not on a node?", "为什么 {pod} 不在任何节点上？"),
    "note.failed": ("Why is {pod} in {word}?", "为什么 {pod} 处于 {word}？"),
    "note.container": ("container {name}: {message}", "容器 {name}：{message}"),
    "note.ended": (
        "container {name} ended with exit code {code}.",
        "容器 {name} 结束，退出码为 {code}。",
    ),
    "note.ended_again": (
        "container {name} ended with exit code {code}, restarted {count} times.",
        "容器 {name} 结束，退出码为 {code}，已重启 {count} 次。",
    ),
    # The Gantt chart
    "gantt.title": ("Phases of Pods", "Pod 的阶段"),
    "gantt.summary": ("{pods} Pods of {owners} workloads", "{owners} 个工作负载的 {pods} 个 Pod"),
    "gantt.more": ("and {count} more Pods", "以及另外 {count} 个 Pod"),
    "gantt.none": ("no Pod yet", "还没有 Pod"),
    "gantt.from": ("{tone} from {at}", "{at} 起{tone}"),
    "gantt.gone": ("gone at {at}", "{at} 消失"),
}
