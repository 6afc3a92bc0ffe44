"""Cases of attention, embeddings and einsum."""

from keras import constraints as C
from keras import layers as L
from keras import regularizers as R

SELF = [(2, 4, 6), (2, 4, 6)]
OTHER = [(2, 4, 6), (2, 3, 5), (2, 3, 4)]
# With small operands no weight of a mean is near 0 or 1, where gradients are differences of almost equal numbers.
SMALL = {"range": (-0.5, 0.5)}
CAUSAL = {"range": (-0.5, 0.5), "call": {"use_causal_mask": True}}
FIELDS = dict(
    kernel_regularizer="l2", bias_regularizer=R.L1(0.1), activity_regularizer=R.L2(0.2), kernel_constraint=C.MaxNorm(0.75), bias_constraint="non_neg"
)
CASES = [
    (L.MultiHeadAttention(2, 3), SELF, SMALL),
    (L.MultiHeadAttention(2, 3, value_dim=4, use_bias=False), OTHER, SMALL),
    (L.MultiHeadAttention(2, 3, output_shape=(3, 2), use_gate=True), OTHER, SMALL),
    (L.MultiHeadAttention(1, 2, dropout=0.25, seed=3), SELF, SMALL),
    (L.MultiHeadAttention(2, 2), SELF, CAUSAL),
    (L.MultiHeadAttention(2, 2, sliding_window=2), SELF, SMALL),
    (L.MultiHeadAttention(2, 2, sliding_window=3, dropout=0.5), SELF, CAUSAL),
    (L.MultiHeadAttention(2, 3), [(2, 2, 3, 4), (2, 3, 2, 4)], SMALL),
    (L.MultiHeadAttention(2, 3, attention_axes=2), [(2, 2, 3, 4), (2, 2, 5, 4)], SMALL),
    (L.MultiHeadAttention(2, 3, attention_axes=[-3]), [(2, 2, 3, 4), (2, 4, 3, 4)], SMALL),
    (L.GroupQueryAttention(3, 4, 2), SELF, SMALL),
    (L.GroupQueryAttention(2, 2, 1, use_bias=False, use_gate=True, sliding_window=3), [(2, 4, 6), (2, 3, 6), (2, 3, 4)], SMALL),
    (L.GroupQueryAttention(2, 2, 2), SELF, CAUSAL),
    (L.GroupQueryAttention(2, 2, 1, dropout=0.5), SELF, SMALL),
    (L.MultiHeadAttention(2, 3, use_gate=True, **FIELDS), OTHER, SMALL),
    (L.GroupQueryAttention(3, 2, 1, use_gate=True, **FIELDS), SELF, SMALL),
    (L.Attention(), [(2, 4, 3), (2, 5, 3)]),
    (L.Attention(use_scale=True, dropout=0.25), [(2, 4, 3), (2, 5, 2), (2, 5, 3)]),
    (L.Attention(score_mode="concat"), [(2, 4, 3), (2, 5, 3)]),
    (L.Attention(score_mode="concat", use_scale=True), [(2, 4, 3), (2, 5, 2), (2, 5, 3)], {"call": {"use_causal_mask": True}}),
    (L.AdditiveAttention(), [(2, 4, 3), (2, 5, 3)]),
    (L.AdditiveAttention(use_scale=False), [(2, 4, 3), (2, 4, 2), (2, 4, 3)], {"call": {"use_causal_mask": True}}),
    (L.Embedding(5, 3), (2, 4), {"integers": 5}),
    (L.Embedding(7, 2, embeddings_initializer="ones"), (3, 2, 1), {"integers": 7}),
    (L.Embedding(5, 3, embeddings_regularizer="l2", embeddings_constraint=C.MaxNorm(0.75), activity_regularizer=R.L1(0.1)), (2, 4), {"integers": 5}),
    (L.EinsumDense("abc,cd->abd", (3, 4), activation="tanh", bias_axes="d", **FIELDS), (2, 3, 5)),
    (L.EinsumDense("ab,bc->ac", 4, bias_axes="c"), (3, 5)),
    (L.EinsumDense("abc,cd->abd", (None, 4), activation="tanh", bias_axes="d"), (2, 3, 5)),
    (L.EinsumDense("...x,xy->...y", 4), (2, 3, 2, 5)),
    (L.EinsumDense("ab...,bc->ac...", 4, bias_axes="c"), (2, 3, 2, 2)),
    (L.EinsumDense("abc,cde->abde", (3, 2, 4), bias_axes="de"), (2, 3, 5)),
    (L.EinsumDense("abcd,cde->abe", (3, 4), bias_axes="be"), (2, 3, 2, 4)),
    (L.EinsumDense("abc,bcd->abd", (3, 2), bias_axes="b"), (2, 3, 4)),
    (L.EinsumDense("abc,bd->adb", (2, 3)), (2, 3, 4)),
]
