"""Segmentation learned from strokes, or by a network that somebody else trained."""

from micro.classify.classifier_file import read_classifier, write_classifier
from micro.classify.classify import classify
from micro.classify.live import LIVE_VOXELS_MAX, GlimpsedPicture, SeenPicture, guess, learn, see
from micro.classify.model import Classifier, HeldOut, Training
from micro.classify.onnx import OnnxNetwork, read_network
from micro.classify.params import TrainParams
from micro.classify.tiles import classify_with_network
from micro.classify.train import train
from micro.classify.uncertainty import most_uncertain, uncertainty

__all__ = [
    "LIVE_VOXELS_MAX",
    "Classifier",
    "GlimpsedPicture",
    "HeldOut",
    "OnnxNetwork",
    "SeenPicture",
    "TrainParams",
    "Training",
    "classify",
    "classify_with_network",
    "guess",
    "learn",
    "most_uncertain",
    "read_classifier",
    "read_network",
    "see",
    "train",
    "uncertainty",
    "write_classifier",
]
