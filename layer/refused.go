package layer

// Why lince does not support a class of Keras.
const (
	noVolumes     = "lince has no 3-D layers"
	noRecurrence  = "lince has no recurrent layers"
	noText        = "lince has no layers for text and categories; encode such data before Fit"
	noAudio       = "lince has no layers for audio"
	noMasks       = "lince does not pass masks of time steps between layers"
	noBoxes       = "lince has no layers for bounding boxes"
	noPython      = "it calls a Python function; write the layer in Go"
	noJAX         = "it runs JAX code; write the layer in Go"
	noTorch       = "it runs PyTorch code; write the layer in Go"
	noTensorFlow  = "it runs a TensorFlow SavedModel; save the model as .keras instead"
	noWrapper     = "lince cannot apply a layer to each time step; Dense, EinsumDense and the normalizations need no wrapper"
	noLanguage    = "lince has no layers for language models; use Embedding and EinsumDense"
	noSubclassing = "it is a base class; a custom layer in Go implements the interface Layer"
	removed       = "Keras 3 removed it"
)

// refused has the classes of keras.layers that lince does not support.
var refused = map[string]string{
	"AdaptiveAveragePooling3D": noVolumes,
	"AdaptiveMaxPooling3D":     noVolumes,
	"AveragePooling3D":         noVolumes,
	"AvgPool3D":                noVolumes,
	"Conv3D":                   noVolumes,
	"Conv3DTranspose":          noVolumes,
	"Convolution3D":            noVolumes,
	"Convolution3DTranspose":   noVolumes,
	"Cropping3D":               noVolumes,
	"GlobalAveragePooling3D":   noVolumes,
	"GlobalAvgPool3D":          noVolumes,
	"GlobalMaxPool3D":          noVolumes,
	"GlobalMaxPooling3D":       noVolumes,
	"MaxPool3D":                noVolumes,
	"MaxPooling3D":             noVolumes,
	"SpatialDropout3D":         noVolumes,
	"UpSampling3D":             noVolumes,
	"ZeroPadding3D":            noVolumes,

	"Bidirectional":   noRecurrence,
	"ConvLSTM1D":      noRecurrence,
	"ConvLSTM2D":      noRecurrence,
	"ConvLSTM3D":      noRecurrence,
	"GRU":             noRecurrence,
	"GRUCell":         noRecurrence,
	"LSTM":            noRecurrence,
	"LSTMCell":        noRecurrence,
	"RNN":             noRecurrence,
	"SimpleRNN":       noRecurrence,
	"SimpleRNNCell":   noRecurrence,
	"StackedRNNCells": noRecurrence,
	"Masking":         noMasks,
	"TimeDistributed": noWrapper,

	"CategoryEncoding":    noText,
	"Discretization":      noText,
	"HashedCrossing":      noText,
	"Hashing":             noText,
	"IntegerLookup":       noText,
	"StringLookup":        noText,
	"TextVectorization":   noText,
	"ReversibleEmbedding": noLanguage,
	"MelSpectrogram":      noAudio,
	"STFTSpectrogram":     noAudio,
	"MaxNumBoundingBoxes": noBoxes,

	"Lambda":             noPython,
	"FlaxLayer":          noJAX,
	"JaxLayer":           noJAX,
	"TorchModuleWrapper": noTorch,
	"TFSMLayer":          noTensorFlow,
	"Layer":              noSubclassing,
	"Wrapper":            noSubclassing,

	"CuDNNGRU":           noRecurrence,
	"CuDNNLSTM":          noRecurrence,
	"DenseFeatures":      removed,
	"LocallyConnected1D": removed,
	"LocallyConnected2D": removed,
	"MaxoutDense":        removed,
	"Merge":              removed + "; use Add, Concatenate or another merging layer",
	"ThresholdedReLU":    removed + "; use ReLU with Threshold",
}
