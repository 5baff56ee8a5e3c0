"""Where everything stands, in world units: from a few counts to the frame of the whole picture.

The frame is computed anew in each update, which is cheap, and compared with the
former one: only when it differs do things move that were not touched. Counts
of rows are kept at their highest, so that the frame seldom differs.
"""

from __future__ import annotations

from typing import NamedTuple

from k8slab.scene.portrayal import Size
from k8slab.scene.portrayals._chip import HEIGHT as CHIP_HEIGHT

MARGIN, GAP = 18.0, 14.0
HEADER_HEIGHT = 48.0
TRAY_HEIGHT = 34.0
NOTE_HEIGHT = 54.0
TIMELINE_LEFT = 120.0
ROW_PITCH = 20.0
SMALLEST_CHIP = 156.0
HEAT_LEGEND = 26.0
OUTAGE_PITCH = 30.0
LENS_TITLE, LENS_PITCH, LENS_GAP = 34.0, 27.0, 8.0


class PodSize(NamedTuple):
    """How Pods and volumes stand on a card of one size. `least_chip` is the smallest width of a Pod."""

    least_chip: float
    height: float
    pitch: float
    gap: float
    top: float
    bottom: float
    least_rows: int
    most_columns: int
    card_gap: float
    volume_pitch: float
    volume_top: float


SIZES: dict[Size, PodSize] = {
    "large": PodSize(136, 40, 50, 12, 54, 38, 4, 3, GAP, 48, 36),
    "medium": PodSize(112, 22, 27, 8, 50, 32, 4, 4, 12, 28, 30),
    "small": PodSize(17, 15, 18, 3, 28, 9, 2, 8, 10, 17, 8),
    "heat": PodSize(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
}

LIMITS: tuple[tuple[Size, int, int], ...] = (("large", 6, 60), ("medium", 40, 300), ("small", 400, 2000))
"""Up to how many nodes and Pods each size serves; beyond the last there is the heat map."""


def size_for(nodes: int, pods: int, current: Size | None) -> Size:
    """The size that fits; a smaller one in use is kept until there is a fifth more room than needed."""
    order = ("large", "medium", "small", "heat")
    for size, most_nodes, most_pods in LIMITS:
        slack = 0.8 if current is not None and order.index(current) > order.index(size) else 1.0
        if nodes <= most_nodes * slack and pods <= most_pods * slack:
            return size
    return "heat"


class Counts(NamedTuple):
    """What the frame depends on. `pod_rows` and `volume_rows` have an entry for each row of cards.

    `lens_pods` are the places under the lens, which shows the Pods of one cell of a heat map.
    """

    width: float
    size: Size
    chips: int
    nodes: int
    pod_rows: tuple[int, ...]
    volume_rows: tuple[int, ...]
    loose_volumes: int
    timeline_rows: int
    console_lines: int
    lens_pods: int = 0
    outages: int = 0


class Frame(NamedTuple):
    """Where the bands, cards and columns are."""

    counts: Counts
    chip_columns: int
    chip_width: float
    tray_y: float
    card_columns: int
    card_width: float
    pod_columns: int
    pod_width: float
    card_tops: tuple[float, ...]
    card_heights: tuple[float, ...]
    volume_tops: tuple[float, ...]
    loose_top: float
    note_y: float
    timeline_y: float
    console_y: float
    height: float
    lens_top: float = 0

    def chip_box(self, place: int) -> tuple[float, float, float, float]:
        """x, y, width and height of a workload's chip."""
        row, column = divmod(place, self.chip_columns)
        x = MARGIN + column * (self.chip_width + 10)
        return (x, top_of(self.counts) + row * (CHIP_HEIGHT + 10), self.chip_width, CHIP_HEIGHT)

    def card_box(self, place: int) -> tuple[float, float, float, float]:
        """x, y, width and height of a node's card."""
        row, column = divmod(place, self.card_columns)
        gap = SIZES[self.counts.size].card_gap
        x = MARGIN + column * (self.card_width + gap)
        if self.counts.size == "heat":
            return (x, self.card_tops[0] + row * self.card_width, self.card_width, self.card_width)
        return (round(x, 2), self.card_tops[row], self.card_width, self.card_heights[row])

    def pod_box(self, card: int, place: int, from_bottom: bool) -> tuple[float, float, float, float]:
        """x, y, width and height of a Pod; those with volumes are counted from the card's last row."""
        size = SIZES[self.counts.size]
        x, y, _, _ = self.card_box(card)
        row, column = divmod(place, self.pod_columns)
        if from_bottom:
            row = self.counts.pod_rows[card // self.card_columns] - 1 - row
        left = x + (10 if self.counts.size == "small" else 14) + column * (self.pod_width + size.gap)
        return (round(left, 2), y + size.top + row * size.pitch, self.pod_width, size.height)

    def lens_box(self, place: int) -> tuple[float, float, float, float]:
        """x, y, width and height of a Pod under the lens."""
        columns = lens_columns(self.counts.width)
        width = (self.counts.width - 2 * MARGIN - 28 - LENS_GAP * (columns - 1)) / columns
        row, column = divmod(place, columns)
        x = MARGIN + 14 + column * (width + LENS_GAP)
        return (round(x, 2), self.lens_top + LENS_TITLE + row * LENS_PITCH, round(width, 2), 22)

    def lens_height(self) -> float:
        """How high the lens is."""
        rows = -(-self.counts.lens_pods // lens_columns(self.counts.width))
        return LENS_TITLE + max(1, rows) * LENS_PITCH + 6

    def volume_box(self, card: int, place: int) -> tuple[float, float, float, float]:
        """x, y, width and height of a volume beneath a card."""
        size = SIZES[self.counts.size]
        row, column = divmod(place, self.pod_columns)
        x = self.card_box(card)[0] + (10 if self.counts.size == "small" else 20)
        top = self.volume_tops[card // self.card_columns] + size.volume_top
        left = x + column * (self.pod_width + size.gap)
        return (round(left, 2), top + row * size.volume_pitch, self.pod_width, size.volume_pitch - 8)

    def loose_box(self, place: int) -> tuple[float, float, float, float]:
        """x, y, width and height of a volume that belongs beneath no card."""
        size = SIZES[self.counts.size]
        width = max(self.pod_width, 20.0)
        row, column = divmod(place, loose_columns(self.counts.size, self.counts.width, self.pod_width))
        x = MARGIN + 20 + column * (width + size.gap)
        return (round(x, 2), self.loose_top + row * size.volume_pitch, width - 6, size.volume_pitch - 8)


def top_of(counts: Counts) -> float:
    """Where the workloads begin: beneath the header and what is the matter with the whole cluster."""
    return HEADER_HEIGHT + 14 + counts.outages * OUTAGE_PITCH


def lay_out(counts: Counts) -> Frame:
    """The frame for these counts."""
    inner = counts.width - 2 * MARGIN
    chip_columns = max(1, int((inner + 10) // (SMALLEST_CHIP + 10)))
    chip_width = round((inner - 10 * (chip_columns - 1)) / chip_columns, 2)
    chip_rows = -(-counts.chips // chip_columns)
    tray_y = top_of(counts) + chip_rows * (CHIP_HEIGHT + 10) - (0 if chip_rows else 6)
    y = tray_y + TRAY_HEIGHT
    card_columns, card_width, pod_columns, pod_width, _ = columns_for(counts.size, counts.nodes, counts.width)
    tops, heights, volumes = [], [], []
    lens_top = 0.0
    if counts.size == "heat":
        rows = -(-counts.nodes // card_columns)
        y += HEAT_LEGEND
        tops.append(y)
        y += rows * card_width + GAP
        lens_top = y
        if counts.lens_pods:
            lens_rows = -(-counts.lens_pods // lens_columns(counts.width))
            y += LENS_TITLE + lens_rows * LENS_PITCH + 6 + GAP
    else:
        size = SIZES[counts.size]
        for pod_rows, volume_rows in zip(counts.pod_rows, counts.volume_rows):
            tops.append(y)
            heights.append(size.top + pod_rows * size.pitch - (size.pitch - size.height) + size.bottom)
            volumes.append(y + heights[-1])
            y = volumes[-1] + (size.volume_top + volume_rows * size.volume_pitch if volume_rows else 0)
            y += size.card_gap
    loose_top = y + 22
    if counts.loose_volumes:
        rows = -(-counts.loose_volumes // loose_columns(counts.size, counts.width, pod_width))
        y = loose_top + rows * SIZES[counts.size].volume_pitch
    note_y = y
    timeline_y = note_y + NOTE_HEIGHT + 12
    console_y = timeline_y + (36 + counts.timeline_rows * ROW_PITCH + 26 if counts.timeline_rows else 0)
    height = console_y + (14 + 17 * counts.console_lines if counts.console_lines else 0)
    return Frame(
        counts,
        chip_columns,
        chip_width,
        tray_y,
        card_columns,
        card_width,
        pod_columns,
        pod_width,
        tuple(tops),
        tuple(heights),
        tuple(volumes),
        loose_top,
        note_y,
        timeline_y,
        console_y,
        height,
        lens_top,
    )


def loose_columns(size: Size, width: float, pod_width: float) -> int:
    """How many volumes that belong beneath no card stand side by side."""
    return max(1, int((width - 2 * MARGIN) // (max(pod_width, 20.0) + SIZES[size].gap)))


def lens_columns(width: float) -> int:
    """How many Pods stand side by side under the lens."""
    return max(1, int((width - 2 * MARGIN - 28 + LENS_GAP) // (132 + LENS_GAP)))


def _card_columns(size: Size, nodes: int, inner: float) -> int:
    """How many cards stand side by side."""
    if size == "heat":
        cell = max(8.0, min(44.0, (inner * 560 / max(1, nodes)) ** 0.5))
        return max(1, int(inner // cell))
    most = max(1, min(SIZES[size].most_columns, int(inner // (200 if size != "small" else 110))))
    if size == "large" and nodes == 4 and inner > 1000:
        return 4
    return max(1, min(most, nodes))


class Columns(NamedTuple):
    """Columns of cards and of Pods on a card, their widths, and the least rows of a card."""

    cards: int
    card_width: float
    pods: int
    pod_width: float
    least_rows: int


def columns_for(size: Size, nodes: int, width: float) -> Columns:
    """The columns for so many nodes in so much width."""
    inner = width - 2 * MARGIN
    columns = _card_columns(size, nodes, inner)
    if size == "heat":
        return Columns(columns, inner / columns, 1, 0.0, 0)
    table = SIZES[size]
    card_width = round((inner - table.card_gap * (columns - 1)) / columns, 2)
    room = card_width - (20 if size == "small" else 28)
    pod_columns = max(1, int((room + table.gap) // (table.least_chip + table.gap)))
    pod_width = round((room - table.gap * (pod_columns - 1)) / pod_columns, 2)
    return Columns(columns, card_width, pod_columns, 17.0 if size == "small" else pod_width, table.least_rows)
