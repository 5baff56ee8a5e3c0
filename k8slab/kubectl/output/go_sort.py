"""Go's sort.Sort, element for element.

Go's sort is not stable: what it does with elements that compare alike depends
on the algorithm, and kubectl's users see the outcome (`kubectl get pods
--sort-by=.spec.nodeName`). It is deterministic, so it can be had here too.

Models sort.Sort of Go 1.19 and later: pattern-defeating quicksort.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

T = TypeVar("T")

_LONGEST_INSERTION = 12
_SHORTEST_NINTHER = 50
_SHORTEST_SHIFTING = 50
_MOST_SHIFTS = 5
_MOST_SWAPS = 12
_MASK = (1 << 64) - 1


def go_sorted(items: Iterable[T], less: Callable[[T, T], bool]) -> list[T]:
    """The items in the order in which sort.Sort leaves them. `less` may raise."""
    result = list(items)
    if len(result) > 1:
        _Sort(result, less).quick(0, len(result), len(result).bit_length())
    return result


class _Sort(Generic[T]):
    """The list being sorted in place, and the order."""

    def __init__(self, items: list[T], order: Callable[[T, T], bool]) -> None:
        self.items = items
        self.order = order

    def less(self, left: int, right: int) -> bool:
        return self.order(self.items[left], self.items[right])

    def swap(self, left: int, right: int) -> None:
        items = self.items
        items[left], items[right] = items[right], items[left]

    def insertion(self, first: int, end: int) -> None:
        for position in range(first + 1, end):
            while position > first and self.less(position, position - 1):
                self.swap(position, position - 1)
                position -= 1

    def quick(self, first: int, end: int, limit: int) -> None:
        balanced = partitioned = True
        while True:
            length = end - first
            if length <= _LONGEST_INSERTION:
                return self.insertion(first, end)
            if limit == 0:
                return self.heap(first, end)
            if not balanced:
                self.break_patterns(first, end)
                limit -= 1
            pivot, swaps = self.choose_pivot(first, end)
            if swaps == _MOST_SWAPS:
                self.items[first:end] = self.items[first:end][::-1]
                pivot = (end - 1) - (pivot - first)
                swaps = 0
            if balanced and partitioned and swaps == 0 and self.nearly_sorted(first, end):
                return None
            if first > 0 and not self.less(first - 1, pivot):
                first = self.partition_equal(first, end, pivot)
                continue
            middle, partitioned = self.partition(first, end, pivot)
            left, right = middle - first, end - middle
            balanced = min(left, right) >= length // 8
            if left < right:
                self.quick(first, middle, limit)
                first = middle + 1
            else:
                self.quick(middle + 1, end, limit)
                end = middle

    def heap(self, first: int, end: int) -> None:
        length = end - first
        for root in range((length - 1) // 2, -1, -1):
            self.sift_down(root, length, first)
        for last in range(length - 1, -1, -1):
            self.swap(first, first + last)
            self.sift_down(0, last, first)

    def sift_down(self, root: int, length: int, first: int) -> None:
        while True:
            child = 2 * root + 1
            if child >= length:
                return
            if child + 1 < length and self.less(first + child, first + child + 1):
                child += 1
            if not self.less(first + root, first + child):
                return
            self.swap(first + root, first + child)
            root = child

    def partition(self, first: int, end: int, pivot: int) -> tuple[int, bool]:
        """Smaller elements before the pivot, others behind; its place, and whether it was so already."""
        self.swap(first, pivot)
        left, right = first + 1, end - 1
        already = True
        while True:
            while left <= right and self.less(left, first):
                left += 1
            while left <= right and not self.less(right, first):
                right -= 1
            if left > right:
                break
            already = False
            self.swap(left, right)
            left += 1
            right -= 1
        self.swap(right, first)
        return right, already

    def partition_equal(self, first: int, end: int, pivot: int) -> int:
        self.swap(first, pivot)
        left, right = first + 1, end - 1
        while True:
            while left <= right and not self.less(first, left):
                left += 1
            while left <= right and self.less(first, right):
                right -= 1
            if left > right:
                return left
            self.swap(left, right)
            left += 1
            right -= 1

    def nearly_sorted(self, first: int, end: int) -> bool:
        """Whether the elements are in order after at most a few were shifted."""
        position = first + 1
        for _ in range(_MOST_SHIFTS):
            while position < end and not self.less(position, position - 1):
                position += 1
            if position == end:
                return True
            if end - first < _SHORTEST_SHIFTING:
                return False
            self.swap(position, position - 1)
            if position - first >= 2:
                for other in range(position - 1, 0, -1):
                    if not self.less(other, other - 1):
                        break
                    self.swap(other, other - 1)
            if end - position >= 2:
                for other in range(position + 1, end):
                    if not self.less(other, other - 1):
                        break
                    self.swap(other, other - 1)
        return False

    def break_patterns(self, first: int, end: int) -> None:
        """Scatters three elements; the "random" numbers depend on the length alone."""
        length = end - first
        if length < 8:
            return
        number = length
        modulus = 1 << length.bit_length()
        middle = first + (length // 4) * 2 - 1
        for position in range(middle, middle + 3):
            number ^= (number << 13) & _MASK
            number ^= number >> 7
            number ^= (number << 17) & _MASK
            other = number & (modulus - 1)
            self.swap(position, first + (other - length if other >= length else other))

    def choose_pivot(self, first: int, end: int) -> tuple[int, int]:
        """A median of a few elements, and how many pairs among them were out of order."""
        length = end - first
        places = [first + length // 4 * quarter for quarter in (1, 2, 3)]
        if length < 8:
            return places[1], 0
        swaps = 0
        if length >= _SHORTEST_NINTHER:
            for position, place in enumerate(places):
                places[position], count = self.median(place - 1, place, place + 1)
                swaps += count
        pivot, count = self.median(*places)
        return pivot, swaps + count

    def median(self, low: int, middle: int, high: int) -> tuple[int, int]:
        swaps = 0
        if self.less(middle, low):
            low, middle, swaps = middle, low, swaps + 1
        if self.less(high, middle):
            middle, high, swaps = high, middle, swaps + 1
        if self.less(middle, low):
            low, middle, swaps = middle, low, swaps + 1
        return middle, swaps
