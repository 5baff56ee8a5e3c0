# %% [markdown]
# # A StatefulSet comes up in order
#
# A **StatefulSet** runs Pods that are *somebody*: each has a name of its own that it keeps, a volume of its
# own that follows it, and a DNS name under which the others find it. In this notebook you hold a whole
# Kubernetes cluster in a cell: watch three Pods come up one after another, write a file into a Pod's volume, pull the
# plug on its node, and see a Pod of the same name come up elsewhere with the file still there.
#
# Nothing here needs Docker or a server. Time is the lab's own: it passes only when you let it.

# %%
from k8slab import Lab

# %load_ext k8slab

lab = Lab(nodes=3)
# %kubectl get nodes

# %% [markdown]
# ## Apply the manifest
#
# The file is plain Kubernetes YAML; `kubectl apply -f` on a real cluster takes it as it is. It holds a **headless
# Service** (`clusterIP: None`), the StatefulSet `nginx-statefulset` with three replicas, and a **volume claim
# template**: each Pod gets a claim of its own.

# %%
# %kubectl apply -f manifests/nginx-statefulset.yaml

# %% [markdown]
# Nothing has happened yet, because no time has passed. **Predict:** will the three Pods start together?
#
# The panel shows the cluster. Press play, step through it event by event, or change the speed; the cells below do
# the same by hand.

# %%
lab.panel()

# %%
lab.run("2s")
# %kubectl get pods
# %kubectl get pvc

# %% [markdown]
# Pod 0 alone. Its claim has to be provisioned, bound and attached, its image pulled, its container started. Only
# when it is **Running and Ready** does the controller create Pod 1. Let kubectl watch for half a minute of lab
# time:

# %%
# %kubectl get pods -w --request-timeout=40s

# %%
lab.settle()
# %kubectl get pods -o wide
# %kubectl get sts,svc,pvc,pv

# %% [markdown]
# ## Why in this order?
#
# Every change in the lab knows its cause. Ask why a Pod is there and you get the chain back to what you did.

# %%
print(lab.why("pod/nginx-statefulset-1"))

# %%
# %kubectl describe pod nginx-statefulset-0

# %% [markdown]
# ## A Pod keeps its volume
#
# Write a file into the volume of Pod 1, and read it through the web server:

# %%
# %kubectl exec nginx-statefulset-1 -- sh -c 'echo "written by Pod 1" > /usr/share/nginx/html/index.html'
# %kubectl exec nginx-statefulset-0 -- curl -s http://nginx-statefulset-1.nginx

# %% [markdown]
# Now cordon the node on which Pod 1 runs, so that no new Pod can go there, and delete the Pod.
#
# **Predict:** what will the new Pod be called? Where will it run? Will the file be there?

# %%
node = lab.get("pod/nginx-statefulset-1")["spec"]["nodeName"]
lab.cordon(node)
# %kubectl delete pod nginx-statefulset-1
lab.settle()
# %kubectl get pods -o wide
# %kubectl exec nginx-statefulset-1 -- cat /usr/share/nginx/html/index.html

# %% [markdown]
# The same name, another node, the same volume. The volume was detached from the old node and attached to the
# new one:

# %%
lab.draw()

# %% [markdown]
# ## Names that stay
#
# The headless Service gives each Pod a DNS name. Resolve one from another Pod, and list the Service's addresses:

# %%
# %kubectl exec nginx-statefulset-0 -- nslookup nginx-statefulset-0.nginx.default.svc.cluster.local
# %kubectl exec nginx-statefulset-0 -- nslookup nginx.default.svc.cluster.local
# %kubectl get endpointslices

# %% [markdown]
# ## Scale up and down
#
# Up: one after another again. Down: **the last goes first**, and the claims stay, so that a Pod that comes back
# finds its data.

# %%
lab.uncordon(node)
# %kubectl scale statefulset nginx-statefulset --replicas=5
lab.settle()
# %kubectl get pods

# %%
# %kubectl scale statefulset nginx-statefulset --replicas=1
lab.settle()
# %kubectl get pods
# %kubectl get pvc
# %kubectl get events --field-selector involvedObject.kind=StatefulSet

# %% [markdown]
# ## Pull the plug
#
# What if the node of Pod 0 loses its power? **Predict:** will Kubernetes start a new Pod 0 at once?

# %%
node = lab.get("pod/nginx-statefulset-0")["spec"]["nodeName"]
lab.crash(node)
lab.run("7m")
# %kubectl get nodes
# %kubectl get pods
print(lab.why("pod/nginx-statefulset-0"))

# %% [markdown]
# No: nothing confirms that the old Pod 0 has stopped, and a StatefulSet never runs one identity twice. Give the node
# its power back, and the Pod is let go and made anew; its volume follows.

# %%
lab.recover(node)
lab.settle()
# %kubectl get nodes
# %kubectl get pods -o wide

# %% [markdown]
# ## Try it yourself
#
# * `lab.fork()` gives a second cluster that goes on from this instant: crash a node in one and compare.
# * `podManagementPolicy: Parallel` in the manifest: what changes?
# * `kubectl delete statefulset --all`: what happens to the Pods? And to the claims?

# %%
# %kubectl delete statefulset --all
lab.settle()
# %kubectl get pods
# %kubectl get pvc
