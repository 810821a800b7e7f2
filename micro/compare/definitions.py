"""The definitions that the rows of a comparison refer to."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["COMPARE_DEFINITIONS"]

COMPARE_DEFINITIONS: Mapping[str, str] = MappingProxyType(
    {
        "accuracy/v1": "Voxels with the same label over all that are labelled in both.",
        "unlabelled_share/v1": "Voxels that are 0 in the labels or in the truth, over all; they are left out of every "
        "other row.",
        "iou/v1": "Voxels of the phase in both over those in either (Jaccard index); n is the number in either.",
        "dice/v1": "Twice the voxels of the phase in both over the sum of those in each (Dice 1945); n is that sum.",
        "voxel_recall/v1": "Voxels of the phase in both over those in the truth; n is the number in the truth.",
        "voxel_precision/v1": "Voxels of the phase in both over those in the labels; n is the number in the labels.",
        "false_volume/v1": "Voxels of the phase in the labels but not in the truth, over those in the truth.",
        "boundary_distance_p95/v1": "The larger of two 95th percentiles: of the distances from the boundary voxels of "
        "the labels to the nearest of the truth, and of those from the truth to the labels; between voxel centres, "
        "with the true voxel edges (95 % Hausdorff distance, Huttenlocher et al. 1993); n is the number of boundary "
        "voxels of both.",
        "object_recall/v1": "Objects (connected by faces, edges or corners) of the truth of which at least half of the "
        "voxels carry the phase in the labels, over all objects of the truth (n); interval: Clopper & Pearson 1934.",
        "object_precision/v1": "Objects of the labels of which at least half of the voxels carry the phase in the "
        "truth, over all objects of the labels (n); interval: Clopper & Pearson 1934.",
        "object_recall_related/v1": "As object_recall, when the parent phase counts too (void for a crack, Li for a "
        "dendrite): what is missing here was lost by the segmentation, the rest by telling the objects apart.",
    }
)
"""One sentence for each definition id."""
