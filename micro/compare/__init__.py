"""Two label volumes of one sample against each other, and what their differences do to the numbers."""

from micro.compare.boundary import BoundaryDistances, boundary_distances
from micro.compare.changes import CHANGE_COLUMNS, Change, changes_of, changes_table
from micro.compare.compare import Comparison, agreement, check_pair, compare
from micro.compare.confusion import Confusion, count_confusion
from micro.compare.definitions import COMPARE_DEFINITIONS
from micro.compare.groups import Group, groups_of, phases_of_both
from micro.compare.matching import MatchedObjects, match_objects
from micro.compare.params import CompareParams

__all__ = [
    "CHANGE_COLUMNS",
    "COMPARE_DEFINITIONS",
    "BoundaryDistances",
    "Change",
    "CompareParams",
    "Comparison",
    "Confusion",
    "Group",
    "MatchedObjects",
    "agreement",
    "boundary_distances",
    "changes_of",
    "changes_table",
    "check_pair",
    "compare",
    "count_confusion",
    "groups_of",
    "match_objects",
    "phases_of_both",
]
