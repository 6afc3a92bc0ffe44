package data

// labeling is a table in the making: the files of a source on their way to rows with labels. Each pass reads what the passes before it have found.
type labeling struct {
	l *listing
	o OpenOptions

	parts    *parts   // of the source
	chosen   []entry  // the images of the table
	from     string   // the folder from which they were chosen, with its slash
	holds    *part    // the part that they are; nil for the whole source or another folder
	root, up string   // see rootOf
	names    []string // of the images, relative to root

	rule     labeler  // gives the images their labels
	skipped  []string // folders around those of the classes; see detect
	training labeler  // gives the images of the part for training their labels
	known    []string // the classes of the model, and those of the part for training if the images are another one

	t         *Table // nil while no image has a label
	unlabeled error  // why none has
}

// pass is a step from a listing to a table.
type pass struct {
	name string
	run  func(*labeling) error
}

// imagePasses find the images of the table and their names.
var imagePasses = []pass{
	{"normalize", func(b *labeling) error { return b.l.normalize() }},           // sorted; without results of lince and duplicate names of an archive
	{"copies", func(b *labeling) error { b.l.dropCopies(); return nil }},        // chest_xray/chest_xray holds a copy of chest_xray
	{"marked copies", func(b *labeling) error { b.l.dropMarked(); return nil }}, // archive (1) holds a copy of archive
	{"parts", func(b *labeling) error { b.parts = b.l.split(); return nil }},    // train, val and test, around the classes or inside them
	{"lists of parts", (*labeling).findLists},                                   // meta/train.txt and meta/test.txt have the names of the images of parts
	{"choice", (*labeling).choose},                                              // the part or folder that is wanted; else the part for training
	{"root", (*labeling).setRoot},                                               // the folder to which names are relative, so that they keep the folders of the classes
}

// labelPasses give the images their labels, or find out why they have none.
var labelPasses = []pass{
	{"rule", (*labeling).chooseRule},                // cats/1.jpg, cat.1.jpg or cat_1.jpg; 2023/cats/1.jpg has its class further inside
	{"labels", (*labeling).applyRule},               // images that do not fit the rule are dropped
	{"training", (*labeling).findTraining},          // images of val have the rule and the classes of train
	{"list", (*labeling).useList},                   // val/images/1.jpg has its class in val_annotations.txt
	{"unlabeled", (*labeling).refuseUnlabeled},      // test/1.jpg has no class, and no list names it: it can only be predicted
	{"elsewhere", (*labeling).findElsewhere},        // the classes are in a table that is to be opened instead, or the images have boxes or masks
	{"source", (*labeling).setSource},               // what derived tables share
	{"part labels", (*labeling).labelParts},         // the labels of the other parts
	{"outside parts", (*labeling).passOutside},      // images beside train and val are counted
	{"empty folders", (*labeling).passEmptyFolders}, // and so are folders beside those of the classes without images
}

// doubt looks for signs that labels are not what the user expects. It calls warn or note.
type doubt struct {
	name string
	look func(*labeling)
}

// doubts are in the order of their warnings.
var doubts = []doubt{
	{"lists", (*labeling).noteLists},                 // they are the parts, or are not used
	{"one class", (*labeling).doubtOneClass},         // all images are in a folder such as images
	{"many classes", (*labeling).doubtManyClasses},   // most classes have one image
	{"parts inside", (*labeling).doubtPartsInside},   // a folder that is a class has train and test inside
	{"part as a class", (*labeling).doubtParts},      // a class has the name of a part: test
	{"group as a class", (*labeling).doubtGroups},    // a class has the name of a year, a camera or similar
	{"inner folders", (*labeling).doubtInnerFolders}, // the folders inside those of the classes are probably the classes
	{"unknown labels", (*labeling).doubtUnknown},     // no label is a class of the model
	{"unknown files", (*labeling).doubtUnknownFiles}, // files that are not images by their names begin like images
	{"suspects", (*labeling).doubtImages},            // masks, thumbnails, deleted files and others
}

// newTable makes a table of a listing. On success, the table closes the listing.
func newTable(l *listing, o OpenOptions) (*Table, error) {
	b := &labeling{l: l, o: o}
	return b.table(imagePasses, labelPasses, doubts)
}

// table runs passes and looks for doubts.
func (b *labeling) table(images, labels []pass, doubts []doubt) (*Table, error) {
	if err := b.run(images); err != nil {
		return nil, err
	}
	if err := b.run(labels); err != nil {
		return nil, err
	}
	for _, d := range doubts {
		d.look(b)
	}
	b.t.passed = b.l.passed.list()
	return b.t, nil
}

func (b *labeling) run(passes []pass) error {
	for _, p := range passes {
		if err := p.run(b); err != nil {
			return err
		}
	}
	return nil
}

// warn adds a warning to the table, unless it is "".
func (b *labeling) warn(w string) {
	if w != "" {
		b.t.warn = append(b.t.warn, w)
	}
}

// note adds a note to the table, unless it is "".
func (b *labeling) note(n string) {
	if n != "" {
		b.t.notes = append(b.t.notes, n)
	}
}

// auto reports whether the rule is to be found out, and there are labels.
func (b *labeling) auto() bool { return b.o.auto() && b.rule.rule != Unlabeled }

// byFolder reports whether the labels are names of folders below the root.
func (b *labeling) byFolder() bool { return b.rule.rule == Folder && b.root != outside }

// otherPart reports whether the images are a part other than that for training.
func (b *labeling) otherPart() bool {
	t := b.parts.training()
	return t != nil && b.holds != nil && b.holds != t
}
