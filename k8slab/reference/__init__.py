"""Replaying facts recorded from a real cluster against the lab.

`python -m k8slab.reference DIR` takes any folder of the recorded layout (`api/`,
`traces/`, `cron.json`) and prints, for each category, how many facts agree.
"""
