# SPDX-License-Identifier: BSD-3-Clause
"""
A figure: what is measured, the goal it has to reach, and the values that were seen.

Each group of figures (figures_*.py) declares all its figures first and fills them in afterwards, so a
measurement that fails leaves a line in the table that says so.
"""

import statistics
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Goal:
    """
    `limit` is compared with HermitCore's value divided by the value that `against` names: "floor",
    "linux" or "" (the value itself). `at_least` turns the comparison round.
    """

    limit: float
    against: str = ""
    at_least: bool = False

    def text(self):
        sign = "≥" if self.at_least else "≤"
        if self.against:
            return f"{sign} {self.limit:g} × {self.against}"
        return f"{sign} {number(self.limit)}"

    def is_reached(self, value, reference):
        """None when there is nothing to compare with."""
        if self.against:
            if reference is None:
                return None
            limit = self.limit * reference
        else:
            limit = self.limit
        return value >= limit if self.at_least else value <= limit


@dataclass
class Figure:
    key: str
    title: str
    unit: str
    goal: Goal | None = None
    hermit: float | None = None
    linux: float | None = None
    floor: float | None = None
    alone: bool = False  # there is nothing like it on the other side
    errors: list = field(default_factory=list)
    raw: dict = field(default_factory=dict)

    def ratio(self):
        """HermitCore's value divided by the floor's where there is one, else by Linux's."""
        reference = self.linux if self.floor is None else self.floor
        if self.hermit is None or not reference:
            return None
        return self.hermit / reference

    def is_reached(self):
        if self.goal is None:
            return None
        if self.hermit is None:
            return False
        return self.goal.is_reached(
            self.hermit, {"floor": self.floor, "linux": self.linux}.get(self.goal.against)
        )

    def verdict(self):
        if self.hermit is None:
            return "FAILED"
        reached = self.is_reached()
        if reached is None:
            return "no reference" if self.goal else "-"
        return "yes" if reached else "NO"

    def as_dict(self):
        return {
            "key": self.key,
            "title": self.title,
            "unit": self.unit,
            "goal": self.goal.text() if self.goal else None,
            "hermit": self.hermit,
            "linux": self.linux,
            "floor": self.floor,
            "alone": self.alone,
            "ratio": self.ratio(),
            "reached": self.is_reached(),
            "errors": self.errors,
            "raw": self.raw,
        }


@dataclass
class Group:
    """Figures that one function measures: `measure(context, figures_by_key)` fills them in."""

    name: str
    figures: list
    measure: object


def number(value):
    """A number as the table shows it: about four digits, thousands separated."""
    if value is None:
        return "-"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    if abs(value) >= 100 or value == int(value):
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def median(values):
    """The median of a list, None for an empty one."""
    return statistics.median(values) if values else None


def parse_fields(line):
    """The key=value words of a line as a dictionary of strings."""
    return dict(word.split("=", 1) for word in line.split() if "=" in word)
