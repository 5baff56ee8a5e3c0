"""Why something is as it is: the chain of causes.

In a sentence about a change `{what}` is its object, `Pod db-0`.
"""

from __future__ import annotations

TEXTS = {
    # The chain
    "gone": ("{what} is gone: removed at {when} {by}.", "{what} 已消失：于 {when} {by}删除。"),
    "created": ("{what} was created at {when} {by}.", "{what} 于 {when} {by}创建。"),
    "marked": ("{what} was marked for deletion at {when} {by}.", "{what} 于 {when} {by}标记为待删除。"),
    "longAgo": (
        "{what} was created at {when}, longer ago than history keeps.",
        "{what} 于 {when} 创建，已早于历史记录保留的范围。",
    ),
    "asked": ("  because you did this at {when}: {text}", "  因为你在 {when} 做了这件事：{text}"),
    "because": ("  because {said} at {when}, {by}", "  因为 {said}（{when}，{by}）"),
    "by_user": ("by the user", "由用户"),
    "by_component": ("by the {component}", "由 {component}"),
    "by_component_for": ("by the {component}, looking at {key}", "由 {component}（正在处理 {key}）"),
    # What a change was
    "was.created": ("{what} was created", "{what} 被创建"),
    "was.removed": ("{what} was removed", "{what} 被删除"),
    "was.changed": ("{what} changed", "{what} 发生了变化"),
    "was.deletion": ("{what} was marked for deletion", "{what} 被标记为待删除"),
    "was.bound": ("{what} was bound to {node}", "{what} 绑定到了 {node}"),
    "was.phase": ("{what} became {phase}", "{what} 变为 {phase}"),
    "was.ready": ("{what} became Ready", "{what} 变为 Ready"),
    "was.unready": ("{what} was no longer Ready", "{what} 不再 Ready"),
    "was.scaled": ("{what} was scaled from {before} to {after}", "{what} 从 {before} 扩缩到 {after}"),
    "was.template": ("{what} was given another Pod template", "{what} 换了 Pod 模板"),
    "was.images": (
        "{what} was given a Pod template with other images ({images})",
        "{what} 的 Pod 模板换了镜像（{images}）",
    ),
    "was.off": ("{what} lost its power", "{what} 断电了"),
    "was.power": ("{what} changed its power or network", "{what} 的电源或网络发生了变化"),
    "server_down": (
        "The API server is down: nothing changes here until it answers again.",
        "API server 停止了：在它恢复应答之前，这里什么都不会改变。",
    ),
    "server_slow": (
        "The API server is slow: whatever is to be read or written takes {seconds} s longer.",
        "API server 很慢：每次读写都要多花 {seconds} 秒。",
    ),
    "server_refuses": (
        "The API server lets {share} of the components' writes fail ({reason}): they are tried again later.",
        "API server 让组件 {share} 的写入失败（{reason}）：它们稍后会重试。",
    ),
    "was.disk_full": ("{what} had its disk filled", "{what} 的磁盘被写满了"),
    "was.disk_free": ("{what} had its disk freed", "{what} 的磁盘被释放了"),
    "was.memory_full": ("{what} had its memory taken", "{what} 的内存被占用了"),
    "was.memory_free": ("{what} had its memory freed", "{what} 的内存被释放了"),
    "was.pids_full": ("{what} had its process numbers taken", "{what} 的进程号被占用了"),
    "was.pids_free": ("{what} had its process numbers freed", "{what} 的进程号被释放了"),
    "was.slow": ("{what} became slow", "{what} 变慢了"),
    "was.quick": ("{what} was as quick as before", "{what} 恢复了原来的速度"),
    "was.skewed": ("{what} had its clock put wrong", "{what} 的时钟被拨偏了"),
    "was.clock_set": ("{what} had its clock set right", "{what} 的时钟被校准了"),
    "was.filled": ("{what} took another amount of disk", "{what} 占用的磁盘变了"),
    "was.attaching": ("{volume} was to be attached to {node}", "{volume} 将要挂接到 {node}"),
    "was.attached": ("{volume} was attached to {node}", "{volume} 已挂接到 {node}"),
    "was.detaching": ("{volume} was to be detached from {node}", "{volume} 将要从 {node} 卸离"),
    "was.detached": ("{volume} was detached from {node}", "{volume} 已从 {node} 卸离"),
    "was.provisioning": (
        "{what} was handed to the provisioner {provisioner}",
        "{what} 交给了供应者 {provisioner}",
    ),
    "was.claimed": ("{what} got the volume {volume}", "{what} 得到了卷 {volume}"),
    "was.adopted": ("{what} was adopted by {owner}", "{what} 被 {owner} 收养"),
    "was.released": ("{what} was released by {owner}", "{what} 被 {owner} 释放"),
    "was.waiting": (
        "{what} waits: its container {name} is in {reason}",
        "{what} 在等待：它的容器 {name} 处于 {reason}",
    ),
    "was.restarted": (
        "{what} restarted its container {name} (restart {count})",
        "{what} 重启了它的容器 {name}（第 {count} 次重启）",
    ),
    "was.ended": (
        "{what} saw its container {name} end with exit code {code}",
        "{what} 的容器 {name} 结束，退出码为 {code}",
    ),
    "was.cordoned": ("{what} was cordoned", "{what} 被设为不可调度"),
    "was.uncordoned": ("{what} was uncordoned", "{what} 恢复为可调度"),
    "was.tainted": ("{what} was tainted {taints}", "{what} 被加上污点 {taints}"),
    "was.untainted": ("{what} lost its taint {taints}", "{what} 失去了污点 {taints}"),
    "was.complete": ("{what} is complete{reason}", "{what} 已完成{reason}"),
    "was.failed": ("{what} failed{reason}", "{what} 失败了{reason}"),
    "was.suspended": ("{what} was suspended{reason}", "{what} 被挂起{reason}"),
    "was.resumed": ("{what} was resumed{reason}", "{what} 恢复运行{reason}"),
    "was.stuck": ("{what} makes no progress{reason}", "{what} 没有进展{reason}"),
    "was.without_pods": ("{what} cannot make its Pods{reason}", "{what} 无法创建它的 Pod{reason}"),
    "was.leading": ("{what} leads to {pods}", "{what} 指向 {pods}"),
    "was.leading_nowhere": ("{what} leads to no Pod", "{what} 不指向任何 Pod"),
    # What there is not
    "not_wanted": (
        "There is no {pod}: StatefulSet {workload} has {count} replicas.",
        "没有 {pod}：StatefulSet {workload} 有 {count} 个副本。",
    ),
    "not_yet": ("There is no {pod} yet.", "还没有 {pod}。"),
    "never": (
        "There is no {kind} {key}, and there never was.",
        "没有 {kind} {key}，也从未有过。",
    ),
}
