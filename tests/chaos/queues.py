"""The queues of the campaign: how many runs want one group, and what is required of them."""

from __future__ import annotations

FEW, MANY = 10, 40
ARRIVAL_SECONDS = 60.0
CREATIONS_PER_SECOND = 2
"""CreateDeployment requests that the service takes."""

LEAST_CORRELATION = 0.8
"""Spearman's coefficient of the order of turns against that of arrival, where runs are numbered."""

MOST_GROWTH = 2.0
"""Of the calls of one run, with the longer queue against the shorter one."""

ROWS = {True: "know each other's numbers", False: "know nothing of each other"}
"""The names of the queues, by whether the runs are numbered."""
