# %% [markdown]
# # A Job: work that ends
#
# A Deployment keeps its Pods running; a **Job** runs Pods until enough of them have *succeeded*. It comes in four
# manners: one Pod, a fixed number of completions, an index for each completion, and a work queue.

# %%
from pathlib import Path

from k8slab import Lab

# %load_ext k8slab

lab = Lab(nodes=3)

# %% [markdown]
# ## One Pod
#
# The classic: compute pi to 2,000 places. (It is really computed.)

# %%
# %kubectl apply -f manifests/pi-job.yaml
lab.settle()
# %kubectl get jobs,pods
# %kubectl logs job/pi

# %% [markdown]
# The Pod is still there, `Completed`, so that its log can be read. **Predict:** what happens to it when the Job is
# deleted?

# %%
# %kubectl delete job pi
lab.settle()
# %kubectl get pods

# %% [markdown]
# ## A fixed number of completions
#
# Five completions, two at a time.

# %%
# %kubectl apply -f manifests/fixed-count-job.yaml
lab.panel()

# %%
# %kubectl get job letters -w

# %%
# %kubectl get pods
# %kubectl logs job/letters --all-pods --prefix

# %% [markdown]
# ## Indexed
#
# Each Pod gets a number, in its name, in an annotation and in `$JOB_COMPLETION_INDEX`: nobody needs a queue to know which
# piece of work is whose.

# %%
# %kubectl apply -f manifests/indexed-job.yaml
lab.run("4s")
# %kubectl get pods -l job-name=frames -L batch.kubernetes.io/job-completion-index
lab.draw()

# %%
lab.settle()
# %kubectl describe job frames
# %kubectl logs job/frames --all-pods

# %% [markdown]
# ## A work queue
#
# Nobody knows how many completions it takes: the workers ask a **queue** for the next item and end when there is none. The
# queue is a Redis Pod.

# %%
# %kubectl apply -f manifests/work-queue.yaml
lab.settle()
# %kubectl exec redis -- redis-cli lpush letters apple banana cherry date fig grape
# %kubectl exec redis -- redis-cli llen letters

# %%
# %kubectl apply -f manifests/work-queue-job.yaml
lab.run("9s")
# %kubectl get job workers
# %kubectl exec redis -- redis-cli llen letters

# %%
lab.settle()
# %kubectl get job workers
# %kubectl logs job/workers --all-pods

# %% [markdown]
# ## When a Pod fails
#
# **Predict:** a Job whose Pod always fails: how often is it tried, and how fast?

# %%
text = Path("manifests/fixed-count-job.yaml").read_text()
text = text.replace("name: letters", "name: unlucky").replace(
    "echo one letter sent by $HOSTNAME; sleep 3", "exit 7"
)
text = text.replace("completions: 5\n  parallelism: 2", "backoffLimit: 3")
lab.apply(text)
lab.run("5m")
# %kubectl get job unlucky
# %kubectl get pods -l job-name=unlucky
# %kubectl get events --field-selector involvedObject.name=unlucky

# %% [markdown]
# Four times, after 10, 20 and 40 seconds; then the Job has `Failed`.
#
# ## Try it yourself
#
# * `ttlSecondsAfterFinished: 60` in a Job: what is gone after a minute?
# * `suspend: true`: what becomes of the Pods?
# * Crash a node while the indexed Job runs. Is any index done twice?
