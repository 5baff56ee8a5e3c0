# %% [markdown]
# # A DaemonSet: one Pod on every node
#
# Some programs belong to the *machine*: a log shipper, a monitor, a network agent. A **DaemonSet** runs one Pod on every
# node, or on those that a node selector picks, and on nodes that join later.

# %%
from pathlib import Path

from k8slab import Lab

# %load_ext k8slab

lab = Lab(nodes=3)

# %% [markdown]
# First something to watch: a web server on each node that writes a log.

# %%
# %kubectl apply -f manifests/web-deployment.yaml
lab.settle()
# %kubectl get pods -o wide

# %% [markdown]
# Now a **Filebeat** agent as a DaemonSet. It mounts the node's `/var/log`, where the kubelet keeps what containers write.

# %%
# %kubectl apply -f manifests/filebeat-daemonset.yaml
lab.settle()
# %kubectl get daemonset
# %kubectl get pods -l app=filebeat -o wide

# %%
lab.panel()

# %% [markdown]
# ## A node joins
#
# **Predict:** what happens when a fourth node joins the cluster?

# %%
lab.add_node()
lab.settle()
# %kubectl get pods -l app=filebeat -o wide

# %% [markdown]
# ## Go in and look
#
# Let somebody visit the web server, then enter the agent on the server's node with `kubectl exec -it … -- bash` and
# read the lines that it gathered from the Pods of its node. (In a cell, what you would type is given as `stdin`.)

# %%
web = lab.list("pods", selector="app=web")[0]
address, node = web["status"]["podIP"], web["spec"]["nodeName"]
agent = next(
    pod["metadata"]["name"]
    for pod in lab.list("pods", selector="app=filebeat")
    if pod["spec"]["nodeName"] == node
)
print(lab.kubectl(f"exec {agent} -- curl -s -o /dev/null -w '%{{http_code}}\\n' http://{address}"), end="")
lab.run("15s")
print(
    lab.kubectl(
        f"exec -it {agent} -- bash", stdin="wc -l < /tmp/filebeat.ndjson\ngrep curl /tmp/filebeat.ndjson\n"
    )
)

# %% [markdown]
# ## Only some nodes
#
# A node selector picks nodes by label. **Predict:** how many agents will there be after this?

# %%
# %kubectl label node node-1 logs=yes
text = Path("manifests/filebeat-daemonset.yaml").read_text()
lab.apply(
    text.replace(
        "    spec:\n      termination", "    spec:\n      nodeSelector: {logs: 'yes'}\n      termination"
    )
)
lab.settle()
# %kubectl get daemonset
# %kubectl get pods -l app=filebeat -o wide

# %% [markdown]
# One. Label another node and it gets its agent:

# %%
# %kubectl label node node-3 logs=yes
lab.settle()
# %kubectl get pods -l app=filebeat -o wide

# %% [markdown]
# ## A lost node
#
# Other Pods are moved away from a node that is lost for five minutes. **Predict:** what becomes of the agent there?

# %%
lab.crash("node-3")
lab.run("7m")
# %kubectl get nodes
# %kubectl get pods -o wide

# %% [markdown]
# It stays: a daemon Pod tolerates the taints of an unreachable node, since there is nowhere else where it would make
# sense.

# %%
lab.recover("node-3")
lab.settle()
# %kubectl get pods -l app=filebeat -o wide
# %kubectl delete daemonset filebeat
lab.settle()
# %kubectl get pods
