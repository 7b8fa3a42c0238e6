"""LiteRT inference on any machine: `albert_tf.runtime.load(folder).predict(example)`."""

from albert_tf.runtime.model import EdgeModel as EdgeModel
from albert_tf.runtime.model import load as load
