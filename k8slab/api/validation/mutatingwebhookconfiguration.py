"""MutatingWebhookConfigurations. Models pkg/apis/admissionregistration/validation, v1.36."""

from __future__ import annotations

from k8slab.api.validation._webhooks import webhook_rules

RULES = webhook_rules(mutating=True)
