"""Strongly connected components of a directed graph, in an order that keeps to its arrows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Generic, TypeVar

from attrs import define, field

N = TypeVar("N")


def components(arrows: Mapping[N, Collection[N]]) -> list[list[N]]:
    """Return the strongly connected components, each behind all those that its arrows lead to.

    Tarjan's algorithm ("Depth-first search and linear graph algorithms", 1972), without recursion: a chain of tables
    may be longer than Python's stack. Nodes are visited in the order of the mapping and of its values, so equal
    mappings give equal answers.

    Args:
        arrows: for every node, where its arrows lead; each of these is a key too.
    """
    search = _Search(arrows)
    for node in arrows:
        if node not in search.number:
            search.visit(node)
    return search.found


@define
class _Search(Generic[N]):
    arrows: Mapping[N, Collection[N]]
    number: dict[N, int] = field(factory=dict)
    lowest: dict[N, int] = field(factory=dict)
    open: dict[N, None] = field(factory=dict)
    found: list[list[N]] = field(factory=list)

    def visit(self, root: N) -> None:
        """Search all that can be reached from a node."""
        path: list[tuple[N, Iterator[N]]] = [self._entered(root)]
        while path:
            node, targets = path[-1]
            for target in targets:
                if target not in self.number:
                    path.append(self._entered(target))
                    break
                if target in self.open:
                    self.lowest[node] = min(self.lowest[node], self.number[target])
            else:
                path.pop()
                self._leave(node)
                if path:
                    before = path[-1][0]
                    self.lowest[before] = min(self.lowest[before], self.lowest[node])

    def _entered(self, node: N) -> tuple[N, Iterator[N]]:
        self.number[node] = self.lowest[node] = len(self.number)
        self.open[node] = None
        return node, iter(self.arrows[node])

    def _leave(self, node: N) -> None:
        """Close the component whose first node this is, if it is one."""
        if self.lowest[node] != self.number[node]:
            return
        component: list[N] = []
        while not component or component[-1] != node:
            component.append(self.open.popitem()[0])
        self.found.append(component)
