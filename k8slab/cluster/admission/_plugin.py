"""What an admission plug-in is, what it sees, and how it refuses.

Models staging/src/k8s.io/apiserver/pkg/admission/{attributes,errors,interfaces}.go, v1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from k8slab.api.errors import ApiError, forbidden
from k8slab.api.kind import Kind
from k8slab.api.meta import Key, Obj
from k8slab.cluster.admission._rounds import Rounds
from k8slab.cluster.request import NO_EXTRA
from k8slab.store.view import View


class Request(NamedTuple):
    """A write as admission sees it, before it is stored.

    `operation` is CREATE, UPDATE, DELETE or CONNECT. `new` is None for a
    delete, `old` for a creation. `name` is empty while a name is still to be generated.
    `parent` is the kind whose subresource it is, where `kind` is that of a body which isn't
    stored. `warn` takes texts for Warning headers; `rounds` is there while objects are changed.
    """

    view: View
    operation: str
    kind: Kind
    namespace: str
    name: str
    subresource: str
    new: Obj | None
    old: Obj | None
    user: str = ""
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: Mapping[str, Sequence[str]] = NO_EXTRA
    now_us: int = 0
    dry_run: bool = False
    parent: Kind | None = None
    warn: Callable[[str], None] | None = None
    rounds: Rounds | None = None


Charge = tuple[Key, Obj]
"""A ResourceQuota's key, and the quota with the usage that the request brings it to."""


class Asker(Protocol):
    """Who sends a request, as requests to the API and to admission both say it."""

    @property
    def user(self) -> str:
        """The name."""

    @property
    def groups(self) -> Sequence[str]:
        """The groups that it is in."""

    @property
    def uid(self) -> str:
        """The uid; empty where it isn't known."""

    @property
    def extra(self) -> Mapping[str, Sequence[str]]:
        """What else its credentials say."""


def user_info(asker: Asker) -> Obj:
    """Who asks, as reviews and `userInfo` say it: what is not known is left out."""
    info: Obj = {"username": asker.user, "groups": list(asker.groups)}
    if asker.uid:
        info["uid"] = asker.uid
    if asker.extra:
        info["extra"] = {name: list(values) for name, values in asker.extra.items()}
    return info


class Admission(NamedTuple):
    """One plug-in.

    `mutate(request, obj)` gives the object with its changes (the same object
    where there are none); `obj` is `request.new` as the plug-ins before left
    it. `validate(request)` raises ApiError. `charge(request)` gives what the
    request uses up, `warn(request)` texts of Warning headers. `kinds` and
    `operations` say what it is asked about; without kinds, about all of them.
    `needs`, where given, is a kind: where there is no object of it the plug-in
    would find nothing to do, and is not asked. About writes of a status only those
    are asked that say so, of all kinds (`on_status`) or of some (`status_kinds`): the
    others would have nothing to say.
    """

    name: str
    mutate: Callable[[Request, Obj], Obj] | None = None
    validate: Callable[[Request], None] | None = None
    charge: Callable[[Request], list[Charge]] | None = None
    warn: Callable[[Request], tuple[str, ...]] | None = None
    kinds: tuple[str, ...] = ()
    operations: tuple[str, ...] = ("CREATE", "UPDATE")
    needs: str = ""
    on_status: bool = False
    status_kinds: tuple[str, ...] = ()


def refusal(request: Request, why: str) -> ApiError:
    """403 Forbidden, as admission words it: the name, or the base of a name to be generated."""
    name = request.name
    if not name:
        metadata = (request.new or {}).get("metadata") or {}
        name = metadata.get("name") or metadata.get("generateName") or "Unknown"
    kind = request.parent or request.kind
    return forbidden(kind.plural, kind.group, name, why)


def aggregate(texts: Sequence[str]) -> str:
    """Several reasons as one text, each one once, as `utilerrors.Aggregate` prints them."""
    once = list(dict.fromkeys(texts))
    return once[0] if len(once) == 1 else f"[{', '.join(once)}]"
