# %% [markdown]
# # Take the panel apart
#
# `lab.panel()` is a whole made of pieces, and each piece is an ordinary widget: the **stage**, the **timeline**, the
# **controls**, the **inspector** and the **console**. Lay them out as a lesson needs them, link them to widgets of your
# own, and let code of yours be called when something happens.

# %%
import ipywidgets as widgets

from k8slab import Lab

# %load_ext k8slab

lab = Lab(nodes=3)
# %kubectl apply -f manifests/nginx-statefulset.yaml
lab.settle()

# %% [markdown]
# ## The pieces
#
# They show one lab and stay in step: what is selected in one is selected in all.

# %%
stage, timeline = lab.stage(), lab.timeline()
inspector, console = lab.inspector(), lab.console()
controls = lab.controls()
stage

# %%
widgets.VBox([controls, timeline, widgets.HBox([inspector, console])])

# %% [markdown]
# To set a trait does what a click does. `selected` is an id: kind, namespace and name.

# %%
stage.selected = "Pod/default/nginx-statefulset-1"
inspector

# %% [markdown]
# `now` is the instant that is shown, in seconds since the lab began. To set it looks back, and nothing is lost by that.
#
# **Predict:** how many Pods were there ten seconds after the beginning?

# %%
timeline.now = 10
print(stage)
timeline.now = lab.now
print(stage)

# %% [markdown]
# ## Linked to widgets of your own
#
# Traits can be linked to any other widget's. Here a row of buttons chooses the Pod, a text shows whatever is selected
# (and selects what is typed), and a slider of one's own sets the speed.

# %%
pods = [f"Pod/default/{pod['metadata']['name']}" for pod in lab.list("pods")]
chooser = widgets.ToggleButtons(options=pods, value=stage.selected)
widgets.dlink((chooser, "value"), (stage, "selected"))
selected = widgets.Text(description="selected")
widgets.link((stage, "selected"), (selected, "value"))
speed = widgets.SelectionSlider(options=[1, 4, 10, 60], value=4, description="speed")
widgets.dlink((speed, "value"), (controls, "speed"))

chooser.value = pods[2]
speed.value = 60
print(selected.value, "|", inspector, "|", controls)

# %% [markdown]
# A button of your own is a line of code. What it does is an input like any other: recorded, undone, played again.

# %%
unplug = widgets.Button(description="pull the plug of node-1", icon="bolt")
unplug.on_click(lambda _: lab.crash("node-1"))
widgets.VBox([widgets.HBox([unplug, speed]), widgets.HBox([chooser, selected])])

# %% [markdown]
# ## Called when something happens
#
# `lab.on` calls back at every change of what a pattern names, or, with `field`, only when one value becomes another.


# %%
def tell(seen):
    print(
        f"{(seen.at_us - lab.start_us) / 1e6:7.1f} s  {seen.name}: {seen.before or 'new'} → {seen.after or 'gone'}"
    )


watching = lab.on("pod/*", tell, field="status.phase")
# %kubectl run errand --image=busybox --restart=Never -- sh -c "sleep 5; echo done"
lab.settle()

# %% [markdown]
# A callback may act. This one brings a lost node back when its first Pod has been given up:


# %%
def rescue(seen):
    node = seen.obj["spec"]["nodeName"]
    print(f"{seen.name} is to leave {node}: power on again")
    lab.recover(node)
    rescuing.stop()


rescuing = lab.on("pod/*", rescue, field="metadata.deletionTimestamp")
unplug.click()
lab.run("7m")
# %kubectl get nodes
watching.stop()

# %% [markdown]
# ## Run until
#
# As long as it takes: until nothing changes any more (`settle`), until a function of the lab is true (it is asked after
# every change), or until whatever `kubectl wait --for=` takes. The panel has a line for that too: choose *a condition …*
# behind *until*.

# %%
# %kubectl delete pod nginx-statefulset-0 --wait=false
print(lab.run(until="delete pod/nginx-statefulset-0"), f"{lab.now:.1f} s: gone")
print(lab.run(until="create pod/nginx-statefulset-0"), f"{lab.now:.1f} s: there again")
print(lab.run(until="condition=Ready pod/nginx-statefulset-0"), f"{lab.now:.1f} s: ready")
lab.scale("statefulset/nginx-statefulset", 4)
print(lab.run(until=lambda lab: "4/4" in lab.kubectl("get statefulsets").stdout), f"{lab.now:.1f} s: four")
print(lab.run(until="jsonpath={.status.phase}=Failed pod/nginx-statefulset-0", timeout="30s"))

# %% [markdown]
# ## A fork, to compare
#
# A fork is an independent lab that goes on from here. **Predict:** in which of the two does a Pod not come back after its
# node was lost, and why?

# %%
twin = lab.fork()
for one in (lab, twin):
    victim = one.get("pod/nginx-statefulset-2")["spec"]["nodeName"]
    one.crash(victim)
twin.kubectl(f"taint node {victim} node.kubernetes.io/out-of-service=nodeshutdown:NoExecute")
for name, one in (("left alone", lab), ("tainted out-of-service", twin)):
    one.run("10m")
    print(name)
    print(one.kubectl("get pods -l app=nginx").stdout)

# %%
print("\n".join(line for line in lab.why("pod/nginx-statefulset-2").splitlines() if not line.startswith(" ")))

# %% [markdown]
# In the panel *fork here* does the same: both pictures stand side by side, with what differs marked.
#
# ## Kept as text
#
# A lab is how it was made and what was done to it, so it fits into a line that whoever gets it can play again, to the
# same digest, and go on from there. `lab.save("lab.yaml")` is a file to read.

# %%
text = lab.save()
again = Lab.load(text)
print(f"{len(lab.inputs)} inputs in {len(text)} characters")
print(again.digest() == lab.digest(), again)

# %%
for one in lab.inputs[-4:]:
    print(f"{(one.at_us - lab.start_us) / 1e6:7.1f} s  {one.text}")

# %% [markdown]
# ## Go on from here
#
# * Link `timeline.now` to a slider of minutes, and `stage.selected` to a list of nodes.
# * Count the restarts of each Pod with `lab.on("pod/*", …)` while you `lab.kill` some, and draw them with matplotlib.
# * Drag the grip on the StatefulSet's chip (or give it the focus and press an arrow key, then Enter) and look at what was
#   recorded: `lab.inputs[-1].text`.
