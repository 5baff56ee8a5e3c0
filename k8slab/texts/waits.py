"""What things wait for. Another thing's sentence may follow `{who}: `, so `{line}` can be one of these."""

from __future__ import annotations

TEXTS = {
    "condition": ("Its condition {type} is {status}: {message}", "它的状况 {type} 为 {status}：{message}"),
    "of": ("{who}: {line}", "{who}：{line}"),
    "pods": ("Pod {names}: {line}", "Pod {names}：{line}"),
    "pods_more": ("Pod {names} and {count} more: {line}", "Pod {names} 以及另外 {count} 个：{line}"),
    # Going away
    "deleted": ("It is being deleted.", "它正在被删除。"),
    "finalizers": (
        "It is being deleted and waits for its finalizers: {finalizers}.",
        "它正在被删除，并在等待它的 finalizer：{finalizers}。",
    ),
    "unreachable": (
        "It is being deleted, but {node} is unreachable, so nothing confirms that it has stopped. "
        "Bring {node} back, taint it out-of-service, or force the delete.",
        "它正在被删除，但 {node} 不可达，所以没有谁能确认它已经停止。"
        "请恢复 {node}，给它加上 out-of-service 污点，或强制删除。",
    ),
    "unreachable_for": (
        "It is being deleted, but {node} has been unreachable for {for} min: only its kubelet "
        "can confirm that the containers have stopped, so the object stays. "
        "Bring {node} back, taint it out-of-service, or force the delete.",
        "它正在被删除，但 {node} 已有 {for}（分:秒）不可达：只有它的 kubelet 能确认容器已经停止，"
        "所以该对象会保留。"
        "请恢复 {node}，给它加上 out-of-service 污点，或强制删除。",
    ),
    "no_twin": (
        "Until it is gone, StatefulSet {owner} makes no new {pod}: one identity never runs twice.",
        "在它消失之前，StatefulSet {owner} 不会创建新的 {pod}：同一身份绝不会运行两次。",
    ),
    "grace_left": (
        "It is being deleted: its containers have {left} left to stop by themselves.",
        "它正在被删除：它的容器还有 {left} 可以自行停止。",
    ),
    "grace": ("It is being deleted and has its grace period to stop.", "它正在被删除，并在宽限期内停止。"),
    "namespace_left": (
        "It is being deleted, and something is left in it: {message}",
        "它正在被删除，但其中还有剩余内容：{message}",
    ),
    "namespace": ("It is being deleted, with all that is in it.", "它正在连同其中的一切一起被删除。"),
    # Pods
    "for_node": ("It waits for a node: {message}", "它在等待节点：{message}"),
    "gated": (
        "It is held back by its scheduling gates: {gates}. The scheduler looks at it once they are removed.",
        "它被调度门控拦住：{gates}。移除之后调度器才会处理它。",
    ),
    "no_scheduler": (
        "It waits for the scheduler {name}, which does not run here.",
        "它在等待调度器 {name}，而该调度器没有在这里运行。",
    ),
    "for_scheduler": ("It waits for the scheduler to choose a node.", "它在等待调度器选择节点。"),
    "for_device_claim": (
        "The scheduler doesn't try it before it has its ResourceClaims: {message}",
        "在它的 ResourceClaim 就绪之前，调度器不会处理它：{message}",
    ),
    "unheard": (
        "Nothing is known of it, because the kubelet of {node} is not heard of.",
        "它的情况不明，因为收不到 {node} 上 kubelet 的消息。",
    ),
    "done": (
        "It has done its work: every container ended with exit code 0.",
        "它已完成工作：每个容器都以退出码 0 结束。",
    ),
    "failed": ("It has failed.", "它失败了。"),
    "failed_with": ("It has failed: {message}", "它失败了：{message}"),
    "ended": (
        "Its container {name} ended with exit code {code}.",
        "它的容器 {name} 以退出码 {code} 结束。",
    ),
    "no_claim": (
        "It waits for its claim {claim}, which does not exist.",
        "它在等待并不存在的 PVC {claim}。",
    ),
    "unbound_claim": ("It waits for its claim {claim} to be bound.", "它在等待 PVC {claim} 绑定。"),
    "attached_elsewhere": (
        "It waits for the volume of its claim {claim}, which is still attached to {node}.",
        "它在等待 PVC {claim} 的卷，该卷仍挂接在 {node} 上。",
    ),
    "unattached": (
        "It waits for the volume of its claim {claim} to be attached to {node}.",
        "它在等待 PVC {claim} 的卷挂接到 {node}。",
    ),
    "container": ("Its container {name} waits: {reason}", "它的容器 {name} 在等待：{reason}"),
    "container_with": (
        "Its container {name} waits: {reason}: {message}",
        "它的容器 {name} 在等待：{reason}：{message}",
    ),
    "crash_loop": (
        "It was started again {count} times, and ended the last time with exit code {code} ({reason}); "
        "each wait is twice as long as the one before, up to 5 minutes.",
        "它已重新启动 {count} 次，最近一次结束的退出码为 {code}（{reason}）；"
        "每次等待的时间加倍，最长 5 分钟。",
    ),
    "registry_down": (
        "The image registry does not answer: the kubelet tries again, at longer and longer intervals.",
        "镜像仓库没有应答：kubelet 会以越来越长的间隔重试。",
    ),
    "image": (
        "Look at the name and the tag of the image {image}; the kubelet tries again, at longer and longer "
        "intervals.",
        "请检查镜像 {image} 的名称和标签；kubelet 会以越来越长的间隔重试。",
    ),
    "initializing": (
        "Its init container {name} still runs: the others start when it has ended well.",
        "它的 init 容器 {name} 仍在运行：等它正常结束后，其他容器才会启动。",
    ),
    "no_source": (
        "It waits for the {kind} {name}, which does not exist, so that its volume {volume} can be mounted.",
        "它在等待并不存在的 {kind} {name}，有了它才能挂载卷 {volume}。",
    ),
    # What Kubernetes' reasons mean
    "hint.insufficient": (
        "What it requests is more than any of these nodes has left: ask for less, stop something, or add "
        "a node.",
        "它请求的资源超过了这些节点的余量：请减少请求、停掉一些 Pod 或添加节点。",
    ),
    "hint.too_many": (
        "These nodes run as many Pods as they may: add a node.",
        "这些节点上的 Pod 数量已达上限：请添加节点。",
    ),
    "hint.taint": (
        "A taint keeps Pods away that do not tolerate it: remove it from a node, or give the Pod a "
        "toleration.",
        "污点会拒绝不容忍它的 Pod：请从节点上移除污点，或给 Pod 加上容忍。",
    ),
    "hint.cordoned": (
        "Cordoned nodes take no new Pod: kubectl uncordon changes that.",
        "不可调度的节点不接收新的 Pod：可用 kubectl uncordon 恢复。",
    ),
    "hint.selector": (
        "No label of these nodes is what its nodeSelector or node affinity asks for.",
        "这些节点的标签都不符合它的 nodeSelector 或节点亲和性。",
    ),
    "hint.affinity": (
        "Its Pod affinity asks for a Pod beside it that is not there.",
        "它的 Pod 亲和性要求旁边有某个 Pod，而那里没有。",
    ),
    "hint.anti_affinity": (
        "Anti-affinity keeps it apart from a Pod that is already there.",
        "反亲和性不允许它与已在那里的 Pod 放在一起。",
    ),
    "hint.spread": (
        "Its topology spread constraints allow no more Pods there until there are more elsewhere.",
        "它的拓扑分布约束不允许那里再增加 Pod，除非别处也增加。",
    ),
    "hint.ports": (
        "Its hostPort is taken there: each node has it only once.",
        "它的 hostPort 在那里已被占用：每个节点上只有一个。",
    ),
    "hint.volume_elsewhere": (
        "Its volume is in another place than these nodes.",
        "它的卷不在这些节点所在的位置。",
    ),
    "hint.volumes_full": (
        "These nodes have as many volumes attached as they can.",
        "这些节点挂接的卷已达上限。",
    ),
    "hint.memory": (
        "It took more memory than its limit allows, or than the node had.",
        "它使用的内存超过了它的限制，或超过了节点所有。",
    ),
    "hint.probe": (
        "Its kubelet ended it, because its {probe} probe failed too often.",
        "它的 kubelet 终止了它，因为它的 {probe} 探针失败次数过多。",
    ),
    "hint.request": (
        "A share of a request needs a request: give its Pods' containers resources.requests.",
        "按请求计算利用率需要有请求：请给 Pod 的容器设置 resources.requests。",
    ),
    "gates": ("It is not Ready: {message}.", "它尚未 Ready：{message}。"),
    "probe": (
        "Its container {name} runs, but its {probe} probe has not succeeded.",
        "它的容器 {name} 在运行，但它的 {probe} 探针尚未成功。",
    ),
    # Workloads
    "for_deleted": ("It waits for {pod}, which is being deleted.", "它在等待正在被删除的 {pod}。"),
    "for_ready": (
        "It waits for {pod} to be Running and Ready before it goes on.",
        "它要等 {pod} 处于 Running 并且 Ready 之后才继续。",
    ),
    "on_delete": (
        "Its Pods are replaced by the new revision only when somebody deletes them (OnDelete).",
        "只有当有人删除它的 Pod 时，它们才会换成新版本（OnDelete）。",
    ),
    "partition": (
        "Its update leaves every Pod with an ordinal below {partition} as it is (partition).",
        "它的更新不触及序号小于 {partition} 的 Pod（partition）。",
    ),
    "rollout_stopped": (
        "What ran before goes on serving. kubectl rollout undo deployment/{name} goes back to it.",
        "之前运行的 Pod 继续提供服务。可用 kubectl rollout undo deployment/{name} 回到之前的版本。",
    ),
    "paused": (
        "Its rollout is paused: changes of its template wait until it is resumed.",
        "它的发布已暂停：模板的修改要等恢复之后才生效。",
    ),
    "no_pods": ("It cannot make its Pods: {message}", "它无法创建它的 Pod：{message}"),
    "no_node_fits": (
        "No node fits its Pods: look at its nodeSelector, its affinity, and the taints of the nodes.",
        "没有节点适合它的 Pod：请查看它的 nodeSelector、亲和性以及各节点的污点。",
    ),
    "job_complete": ("It is complete.", "它已完成。"),
    "job_complete_with": ("It is complete: {message}", "它已完成：{message}"),
    "suspended_job": (
        "It is suspended: it starts no Pod until spec.suspend is false.",
        "它已挂起：在 spec.suspend 为 false 之前不会启动 Pod。",
    ),
    "job_backs_off": (
        "{failed} of its Pods failed; it waits before it tries again, twice as long after each failure "
        "(10 s, 20 s, … up to 10 minutes), and gives up after {limit} retries.",
        "它有 {failed} 个 Pod 失败；它会等待一段时间再重试，每次失败后等待时间加倍"
        "（10 秒、20 秒……最长 10 分钟），重试 {limit} 次后放弃。",
    ),
    "suspended_cron_job": (
        "It is suspended: it starts no Job until spec.suspend is false.",
        "它已挂起：在 spec.suspend 为 false 之前不会启动 Job。",
    ),
    "forbidden": (
        "{jobs} still runs, and its concurrencyPolicy Forbid lets no second Job start.",
        "{jobs} 仍在运行，它的 concurrencyPolicy Forbid 不允许启动第二个 Job。",
    ),
    # The rest
    "claim_by_hand": (
        "It has no StorageClass, so it waits for a volume that fits it and that somebody makes by hand.",
        "它没有 StorageClass，所以要等有人手工创建一个适合它的卷。",
    ),
    "no_class": ("Its StorageClass {name} does not exist.", "它的 StorageClass {name} 不存在。"),
    "first_consumer": (
        "It waits for the first Pod that uses it: only then is it known where its volume must be.",
        "它在等待第一个使用它的 Pod：那时才知道它的卷该在哪里。",
    ),
    "no_provisioner": (
        "Nothing provisions volumes of its StorageClass {name}: somebody must make one by hand.",
        "它的 StorageClass {name} 没有供应者：必须有人手工创建卷。",
    ),
    "provisioner": (
        "It waits for {provisioner} to provision its volume.",
        "它在等待 {provisioner} 供应它的卷。",
    ),
    "no_endpoint": (
        "It leads nowhere: no Pod in {namespace} has the labels {labels}.",
        "它不指向任何地方：{namespace} 中没有带标签 {labels} 的 Pod。",
    ),
    "no_ready_endpoint": (
        "It leads nowhere: of the {count} Pods with the labels {labels} none is Ready.",
        "它不指向任何地方：带标签 {labels} 的 {count} 个 Pod 都未 Ready。",
    ),
    "silent": (
        "Nothing has been heard of its kubelet for {for} min: its conditions are Unknown, and "
        "what becomes of its Pods nobody knows.",
        "已有 {for}（分:秒）收不到它的 kubelet 的消息：它的状况都是 Unknown，它上面的 Pod 怎样了没有谁知道。",
    ),
    "unnoticed": (
        "Nobody has noticed yet: a kubelet is missed 50 s after its last heartbeat.",
        "还没有谁察觉：最后一次心跳过去 50 秒之后才会发现 kubelet 失联。",
    ),
    "no_power": ("It has no power.", "它没有电。"),
    "no_network": ("It is cut off the network.", "它与网络断开了。"),
    "disk_full": (
        "Its disk is nearly full: its kubelet evicts one Pod after another and takes no new one.",
        "它的磁盘快满了：它的 kubelet 会逐个驱逐 Pod，也不再接收新的 Pod。",
    ),
    "evicted": (
        "Its kubelet has evicted it for the disk that it takes or that the node lacks: {message}",
        "它的 kubelet 已将它驱逐，因为它占用的磁盘过多，或节点缺少磁盘：{message}",
    ),
    "evicted_memory": (
        "Its kubelet has evicted it, because the node lacked memory: {message}",
        "它的 kubelet 已将它驱逐，因为节点内存不足：{message}",
    ),
    "evicted_pids": (
        "Its kubelet has evicted it, because the node ran out of process numbers: {message}",
        "它的 kubelet 已将它驱逐，因为节点的进程号不足：{message}",
    ),
    "rejected": (
        "The kubelet of its node did not take it: {message}",
        "节点的 kubelet 没有接收它：{message}",
    ),
    "slow": (
        "It is slow: what its kubelet does takes {factor} times longer, and answers to probes may come too "
        "late.",
        "它很慢：它的 kubelet 所做的一切要花 {factor} 倍的时间，对探针的应答可能来得太晚。",
    ),
    "clock_ahead": (
        "Its clock is {by} (minutes and seconds) ahead: so are the times that its kubelet writes.",
        "它的时钟快了 {by}（分:秒）：它的 kubelet 写下的时间也是如此。",
    ),
    "clock_behind": (
        "Its clock is {by} (minutes and seconds) behind: so are the times that its kubelet writes.",
        "它的时钟慢了 {by}（分:秒）：它的 kubelet 写下的时间也是如此。",
    ),
    "memory_taken": (
        "Something else than Pods takes much of its memory; where too little is left, its kubelet evicts "
        "one Pod after another.",
        "它的大量内存被 Pod 以外的东西占用；剩余过少时，它的 kubelet 会逐个驱逐 Pod。",
    ),
    "pids_taken": (
        "Something else than Pods takes many of its process numbers; where too few are left, its kubelet "
        "evicts one Pod after another and takes no new one.",
        "它的大量进程号被 Pod 以外的东西占用；剩余过少时，它的 kubelet 会逐个驱逐 Pod，也不再接收新的 Pod。",
    ),
    "no_kubelet": ("Its kubelet does not run.", "它的 kubelet 没有运行。"),
    "cordoned": ("It is cordoned: no new Pod is put there.", "它不可调度：不会有新的 Pod 放到那里。"),
    "no_eviction": (
        "It allows no eviction now: {healthy} Pods are healthy, and {wanted} must be.",
        "它现在不允许驱逐：有 {healthy} 个 Pod 健康，而必须有 {wanted} 个。",
    ),
}
