# %% [markdown]
# # Stateless: Pods that nobody tells apart
#
# A **ReplicationController**, a **ReplicaSet** and a **Deployment** each keep a number of Pods that are all alike:
# no names to keep, no order, placed anywhere, freely scaled. They differ in how they choose their Pods and in what
# they can do when the template changes.

# %%
from pathlib import Path

from k8slab import Lab

# %load_ext k8slab

lab = Lab(nodes=3)

# %% [markdown]
# ## ReplicationController: one label, one value
#
# The oldest of the three. Its selector is a plain map: every label must have just this value.

# %%
# %kubectl apply -f manifests/frontend-replicationcontroller.yaml
lab.settle()
# %kubectl get rc
# %kubectl get pods --show-labels

# %% [markdown]
# **Predict:** what happens if you delete one of its Pods?

# %%
first = lab.list("pods")[0]["metadata"]["name"]
lab.delete(f"pod/{first}")
lab.settle()
# %kubectl get pods

# %% [markdown]
# A new one, with a new name: nobody misses the old one.
#
# ## ReplicaSet: richer selectors
#
# A ReplicaSet can ask for more: *in these values*, *not there at all*.

# %%
# %kubectl apply -f manifests/backend-replicaset.yaml
lab.settle()
# %kubectl get rs -o wide

# %% [markdown]
# **Predict:** give one of its Pods the label `canary=yes`, which its selector rules out. How many Pods will there
# be?

# %%
name = lab.list("pods", selector="app=backend")[0]["metadata"]["name"]
print(lab.kubectl(f"label pod {name} canary=yes"), end="")
lab.settle()
# %kubectl get pods -l app=backend -L canary

# %% [markdown]
# Four: the labelled Pod was **released**, it runs on without an owner, and the ReplicaSet made another. Take the label
# away, and the ReplicaSet **adopts** it again; then there is one too many.

# %%
print(lab.kubectl(f"label pod {name} canary-"), end="")
lab.settle()
# %kubectl get pods -l app=backend
# %kubectl get events --field-selector involvedObject.name=backend

# %% [markdown]
# ## Deployment: the template may change
#
# A Deployment owns ReplicaSets, one for each template that it has had.

# %%
# %kubectl apply -f manifests/web-deployment.yaml
lab.settle()
# %kubectl get deploy,rs -l app=web

# %%
lab.panel()

# %% [markdown]
# Change the image. With the default strategy at most a quarter more Pods than wanted may run (rounded up), and at
# most a quarter may be missing (rounded down). **Predict:** with three replicas, how many old Pods go before a new one
# is ready?

# %%
old = lab.fork()
text = Path("manifests/web-deployment.yaml").read_text()
lab.apply(text.replace("nginx:1.27", "nginx:1.28"))
# %kubectl get pods -l app=web -w

# %%
# %kubectl get rs -l app=web
# %kubectl describe deployment web

# %% [markdown]
# None: one new Pod comes first, then one old one goes, until all are new. The old ReplicaSet stays, empty, so that
# there is something to go back to.
#
# What if the new image cannot be pulled? Try it in the fork, which still has the old one:

# %%
old.apply(text.replace("nginx:1.27", "nginx:does-not-exist"))
old.run("12m")
print(old.kubectl("get pods -l app=web"), end="")
print(old.kubectl("get deploy web"), end="")
print(old.why("deployment/web"))

# %% [markdown]
# The old Pods serve on: a rollout that fails harms nobody.
#
# ## Freely scaled, placed anywhere

# %%
# %kubectl scale deployment web --replicas=6
lab.settle()
# %kubectl get pods -l app=web -o wide

# %%
# %kubectl scale deployment web --replicas=2
lab.settle()
# %kubectl get pods -l app=web
# %kubectl delete svc web
# %kubectl get svc

# %% [markdown]
# ## As many as the load asks for
#
# A **HorizontalPodAutoscaler** scales a Deployment by what its Pods use. This is Kubernetes' own walkthrough: a page that
# keeps a CPU busy for some 50 ms, of which each Pod asks for 200m and may use 500m.

# %%
# %kubectl apply -f manifests/php-apache.yaml
# %kubectl autoscale deployment php-apache --cpu=50% --min=1 --max=10
lab.run("1m")
# %kubectl get hpa

# %% [markdown]
# Now let somebody ask for the page again and again. **Predict:** one Pod can use 500m at most, that is 250 % of what
# it asks for. How many Pods will there be?

# %%
# %kubectl run load-generator --image=busybox:1.28 --restart=Never -- sh -c "while sleep 0.01; do wget -q -O- http://php-apache; done"
# %kubectl get hpa php-apache --watch

# %%
# %kubectl top pods -l run=php-apache
# %kubectl get events --field-selector involvedObject.name=php-apache,reason=SuccessfulRescale

# %% [markdown]
# More than 250 / 50 = 5: as long as there was one Pod, its limit throttled it, and who asked had to wait. With more
# Pods the same reader gets more pages, until no request waits. Take the reader away, and nothing happens for five
# minutes: an autoscaler trusts the highest of its recent recommendations before it scales down.

# %%
# %kubectl delete pod load-generator --now
# %kubectl get hpa php-apache --watch --request-timeout=6m

# %% [markdown]
# ## Try it yourself
#
# * Which Pods go first when you scale down? Give one the annotation `controller.kubernetes.io/pod-deletion-cost`.
# * `strategy: {type: Recreate}`: what do the readers of your web page see?
# * `lab.crash("node-1")`: how long until its Pods are replaced, and why so long?
# * Two load generators: how many Pods now, and why not twice as many as before?
