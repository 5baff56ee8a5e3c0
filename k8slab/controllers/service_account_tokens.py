"""Fills the Secrets that ask for a ServiceAccount's token, and deletes them when the account goes.

A Secret of type `kubernetes.io/service-account-token` names its account in an
annotation. It is given the account's uid, a token without an end, the root
certificate and its namespace. A deleted one is taken out of the account's list.

Models pkg/controller/serviceaccount/tokens_controller.go, v1.36.
"""

from __future__ import annotations

import base64

from k8slab.api import tokens
from k8slab.api.certificates import authority
from k8slab.api.errors import ApiError
from k8slab.api.meta import Key, Obj, annotations_of, key_of
from k8slab.components import Component, Delete, Done, Memory, Plan, Update, Watch
from k8slab.store.view import Change, View

TYPE = "kubernetes.io/service-account-token"
NAME_ANNOTATION = "kubernetes.io/service-account.name"
UID_ANNOTATION = "kubernetes.io/service-account.uid"


def plan(view: View, key: Key, now_us: int, memory: Memory) -> Plan:
    """Mend one Secret. The key of a deleted one tells its account too (`_gone`)."""
    if "/" in key[1]:
        return (yield from _forget(view, key))
    secret = view.get("Secret", key)
    if secret is None or secret.get("type") != TYPE or not annotations_of(secret).get(NAME_ANNOTATION):
        return Done(why="the Secret is not a ServiceAccount's token")
    account = _account_of(view, secret)
    try:
        if account is None:
            yield Delete("Secret", key, uid=secret["metadata"]["uid"])
        elif (filled := _filled(view, account, secret)) is not secret:
            yield Update("Secret", filled)
    except ApiError as error:
        if error.code != 404 and error.reason != "Conflict":
            raise
        return Done(why="somebody else changed the Secret")
    return Done()


def _account_of(view: View, secret: Obj) -> Obj | None:
    """The account that a Secret names, by its uid where it says one."""
    annotations = annotations_of(secret)
    account = view.get("ServiceAccount", (secret["metadata"]["namespace"], annotations[NAME_ANNOTATION]))
    uid = annotations.get(UID_ANNOTATION)
    return account if account is not None and uid in (None, "", account["metadata"]["uid"]) else None


def _filled(view: View, account: Obj, secret: Obj) -> Obj:
    """The Secret with what it lacks; the same one where it lacks nothing (`generateTokenIfNeeded`)."""
    data: Obj = secret.get("data") or {}
    new = {**data, "ca.crt": _encoded(authority())}
    if not data.get("namespace"):
        new["namespace"] = _encoded(secret["metadata"]["namespace"])
    if not data.get("token"):
        new["token"] = _encoded(tokens.legacy_token(view.chance, account, secret))
    if new == data:
        return secret
    metadata = account["metadata"]
    annotations = {
        **annotations_of(secret), NAME_ANNOTATION: metadata["name"], UID_ANNOTATION: metadata["uid"],
    }  # fmt: skip
    return {**secret, "metadata": {**secret["metadata"], "annotations": annotations}, "data": new}


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _forget(view: View, key: Key) -> Plan:
    """Take a deleted Secret out of its account's list (`removeSecretReference`)."""
    name, uid, secret = key[1].split("/")
    account = view.get("ServiceAccount", (key[0], name))
    if account is None or uid not in ("", account["metadata"]["uid"]):
        return Done(why="the ServiceAccount is gone")
    listed = account.get("secrets") or []
    kept = [one for one in listed if one.get("name") != secret]
    if len(kept) == len(listed) or view.get("Secret", (key[0], secret)) is not None:
        return Done(why="the ServiceAccount does not list the Secret")
    yield Update("ServiceAccount", {**account, "secrets": kept})
    return Done()


def _after_secret(change: Change, view: View) -> list[Key]:
    """A Secret that is a token; a deleted one with the account that it was for."""
    new, old = change.new, change.old
    if new is not None:
        return [change.key] if new.get("type") == TYPE else []
    return [_gone(change.key, old)] if old is not None and old.get("type") == TYPE else []


def _gone(key: Key, secret: Obj) -> Key:
    annotations = annotations_of(secret)
    account, uid = annotations.get(NAME_ANNOTATION, ""), annotations.get(UID_ANNOTATION, "")
    return (key[0], f"{account}/{uid}/{key[1]}")


def _after_account(change: Change, view: View) -> list[Key]:
    """The tokens of an account that is gone."""
    if change.new is not None or change.old is None:
        return []
    namespace, name = change.key
    uid = change.old["metadata"]["uid"]
    return [
        key_of(secret)
        for secret in view.list("Secret", namespace=namespace)
        if secret.get("type") == TYPE
        and annotations_of(secret).get(NAME_ANNOTATION) == name
        and annotations_of(secret).get(UID_ANNOTATION) == uid
    ]


CONTROLLER = Component(
    name="tokens-controller",
    watches=(Watch("Secret", _after_secret), Watch("ServiceAccount", _after_account)),
    plan=plan,
)
