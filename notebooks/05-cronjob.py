# %% [markdown]
# # A CronJob: work by the clock
#
# A **CronJob** makes a Job whenever its schedule says so, and each Job makes a Pod. In a lab you needn't wait for the
# minute: time is yours.

# %%
from pathlib import Path

from k8slab import Lab

# %load_ext k8slab

lab = Lab(nodes=3)
# %kubectl apply -f manifests/hello-cronjob.yaml
# %kubectl get cronjob hello

# %% [markdown]
# `* * * * *` is every minute. **Predict:** how many Pods are there after one minute? After two?

# %%
lab.run("62s")
# %kubectl get cronjob,job,pod

# %%
lab.run("1m")
# %kubectl get jobs
# %kubectl get pods

# %% [markdown]
# One more after each run. Each has printed the date and said hello:

# %%
lab.settle()
for pod in lab.list("pods"):
    print(lab.kubectl(f"logs {pod['metadata']['name']}"), end="")

# %%
lab.panel()

# %% [markdown]
# ## Only the last few are kept
#
# **Predict:** how many Jobs are there after ten minutes?

# %%
lab.run("8m")
# %kubectl get jobs
# %kubectl get events --field-selector involvedObject.kind=CronJob

# %% [markdown]
# Three: `successfulJobsHistoryLimit` is 3 unless you say otherwise. A Job's name ends in the minute for which it was
# made, so the same run is never started twice.
#
# ## What if a run takes longer than a minute?
#
# `concurrencyPolicy` decides: `Allow` runs them side by side, `Forbid` skips a run while the one before is still active,
# `Replace` ends the old one.

# %%
text = Path("manifests/hello-cronjob.yaml").read_text()
text = text.replace('schedule: "* * * * *"', 'schedule: "* * * * *"\n  concurrencyPolicy: Forbid')
text = text.replace("date; echo Hello from the Kubernetes cluster", "sleep 100; date").replace(
    "name: hello", "name: slow"
)
lab.apply(text)
lab.run("5m")
# %kubectl get jobs -l app!=none --sort-by=.metadata.creationTimestamp
# %kubectl get cronjob slow

# %% [markdown]
# ## A run by hand, and a pause

# %%
# %kubectl create job now --from=cronjob/hello
lab.run("10s")
# %kubectl logs job/now

# %%
# %kubectl patch cronjob hello -p '{"spec":{"suspend":true}}'
before = len(lab.list("jobs"))
lab.run("5m")
print(len(lab.list("jobs")) - before, "new Jobs in five minutes")
# %kubectl get cronjob hello

# %% [markdown]
# ## Try it yourself
#
# * `schedule: "30 9 * * MON-FRI"` and `timeZone: Asia/Tokyo`: when is the next run? Let the lab run there: `lab.run("1d")`.
# * `startingDeadlineSeconds: 20`, suspended for an hour: what happens when it goes on?
