package check

import (
	"bytes"
	"encoding/binary"
	"encoding/csv"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/data/picture"
)

// planted is a fault that plant has made.
type planted struct {
	kind  string
	files []string // that are at fault; the finding must have all of them
}

// planter copies photos to a folder, and makes faults there.
type planter struct {
	t      *testing.T
	dir    string
	random *rand.Rand
	cats   []string // photos without a fault
	dogs   []string
	read   map[string]data.Row
	faults []planted
}

// plant copies the photos of a table, named cat.0.jpg or dog.0.jpg, to dir/train, and some of a second table to dir/test. Then it makes faults:
// 36 of 14 kinds, and 4 photos whose labels are exchanged. It writes them to dir/faults.csv. The same tables and seed give the same files.
func plant(t *testing.T, train, test *data.Table, dir string, seed uint64) []planted {
	p := &planter{t: t, dir: dir, random: rand.New(rand.NewPCG(13, seed)), read: map[string]data.Row{}}
	for _, r := range train.All() {
		name := "train/" + r.Filename
		p.read[name] = r
		p.write(name, p.bytes(name))
		if r.Label == "cat" {
			p.cats = append(p.cats, name)
		} else {
			p.dogs = append(p.dogs, name)
		}
	}
	for _, r := range test.All() {
		name := "test/" + r.Filename
		p.read[name] = r
		p.write(name, p.bytes(name))
	}
	p.files()
	p.copies()
	p.pixels()
	p.swaps()
	p.list()
	return p.faults
}

// take returns a photo that has no fault yet.
func (p *planter) take() string {
	list := &p.cats
	if p.random.IntN(2) == 1 {
		list = &p.dogs
	}
	i := p.random.IntN(len(*list))
	name := (*list)[i]
	*list = slices.Delete(*list, i, i+1)
	return name
}

func (p *planter) bytes(name string) []byte {
	b, err := p.read[name].Bytes()
	if err != nil {
		p.t.Fatal(err)
	}
	return b
}

func (p *planter) pixelsOf(name string) picture.Image {
	img, err := picture.Decode(p.bytes(name), picture.RGB)
	if err != nil {
		p.t.Fatal(err)
	}
	return img
}

func (p *planter) write(name string, content []byte) {
	path := filepath.Join(p.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o666); err != nil {
		p.t.Fatal(err)
	}
}

func (p *planter) fault(kind string, files ...string) {
	p.faults = append(p.faults, planted{kind, files})
}

// encode returns a JPEG file.
func (p *planter) encode(img picture.Image, quality int) []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, standard(img), &jpeg.Options{Quality: quality}); err != nil {
		p.t.Fatal(err)
	}
	return b.Bytes()
}

func standard(img picture.Image) image.Image {
	m := image.NewRGBA(image.Rect(0, 0, img.W, img.H))
	for i := range img.H * img.W {
		m.SetRGBA(i%img.W, i/img.W, color.RGBA{img.Pix[3*i], img.Pix[3*i+1], img.Pix[3*i+2], 255})
	}
	return m
}

// files makes files that are empty, cut off, garbage, or of another format than their name says.
func (p *planter) files() {
	for range 2 {
		n := p.take()
		p.write(n, nil)
		p.fault("empty", n)
	}
	n := p.take()
	p.write(n, p.bytes(n)[:len(p.bytes(n))/2])
	p.fault("corrupt", n)
	n = p.take()
	p.write(n, []byte("<html><body>404 Not Found</body></html>"))
	p.fault("corrupt", n)
	n = p.take()
	garbage := slices.Clone(p.bytes(n))
	for i := range min(600, len(garbage)) {
		garbage[i] = 0
	}
	p.write(n, garbage)
	p.fault("corrupt", n)
	for range 3 {
		n := p.take()
		var b bytes.Buffer
		if err := png.Encode(&b, standard(p.pixelsOf(n))); err != nil {
			p.t.Fatal(err)
		}
		p.write(n, b.Bytes())
		p.fault("misnamed", n)
	}
}

// copies makes copies of photos, in the same class, another class and another part.
func (p *planter) copies() {
	as := func(class string, number string) string { return "train/" + class + "." + number + ".jpg" }
	class := func(n string) string { return strings.Split(filepath.Base(n), ".")[0] }
	other := func(n string) string {
		if class(n) == "cat" {
			return "dog"
		}
		return "cat"
	}
	for i := range 3 {
		n := p.take()
		c := as(class(n), "9000"+string(rune('0'+i)))
		p.write(c, p.bytes(n))
		p.fault("duplicate", n, c)
	}
	edits := []func(picture.Image) []byte{
		func(m picture.Image) []byte { return p.encode(resized(p.t, m, m.H*3/5, m.W*3/5), 80) },
		func(m picture.Image) []byte { return p.encode(m, 25) },
		func(m picture.Image) []byte { return p.encode(cropped(m, m.H/20, m.W/25), 90) },
		func(m picture.Image) []byte { return p.encode(leveled(m, .75, 40), 85) },
	}
	for i, edit := range edits {
		n := p.take()
		c := as(class(n), "9100"+string(rune('0'+i)))
		p.write(c, edit(p.pixelsOf(n)))
		p.fault("near-duplicate", n, c)
	}
	for i := range 3 {
		n := p.take()
		c := as(other(n), "9200"+string(rune('0'+i)))
		content := p.bytes(n)
		if i == 2 {
			content = edits[2](p.pixelsOf(n))
		}
		p.write(c, content)
		p.fault("conflict", n, c)
	}
	for i := range 3 {
		n := p.take()
		c := "test/9300" + string(rune('0'+i)) + ".jpg"
		content := p.bytes(n)
		if i == 2 {
			content = edits[0](p.pixelsOf(n))
		}
		p.write(c, content)
		p.fault("leak", n, c)
	}
}

// pixels makes images in which little can be seen, and images of unusual sizes.
func (p *planter) pixels() {
	edit := func(kind string, edit func(m picture.Image) picture.Image) {
		n := p.take()
		p.write(n, p.encode(edit(p.pixelsOf(n)), 90))
		p.fault(kind, n)
	}
	for _, gray := range []float64{0, 128, 255} {
		edit("blank", func(m picture.Image) picture.Image { return leveled(m, .01, gray) })
	}
	for _, deviation := range []float64{3, 4, 5, 7} {
		edit("blurred", func(m picture.Image) picture.Image { return blurred(m, deviation) })
	}
	for _, gain := range []float64{.1, .2} {
		edit("dark", func(m picture.Image) picture.Image { return leveled(m, gain, 0) })
	}
	edit("bright", func(m picture.Image) picture.Image { return leveled(m, .15, 215) })
	edit("tiny", func(m picture.Image) picture.Image { return resized(p.t, m, 24, 24) })
	edit("tiny", func(m picture.Image) picture.Image { return resized(p.t, m, 15, 20) })
	edit("shape", func(m picture.Image) picture.Image { return resized(p.t, m, 50, 200) })
	for _, orientation := range []byte{6, 3} {
		n := p.take()
		p.write(n, withOrientation(p.bytes(n), orientation))
		p.fault("turned", n)
	}
}

// swaps exchanges the labels of two cats and two dogs.
func (p *planter) swaps() {
	for range 2 {
		i, j := p.random.IntN(len(p.cats)), p.random.IntN(len(p.dogs))
		cat, dog := p.cats[i], p.dogs[j]
		p.cats, p.dogs = slices.Delete(p.cats, i, i+1), slices.Delete(p.dogs, j, j+1)
		p.write(cat, p.bytes(dog))
		p.write(dog, p.bytes(cat))
		p.fault("label", cat)
		p.fault("label", dog)
	}
}

// list writes faults.csv.
func (p *planter) list() {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	for _, f := range p.faults {
		if err := w.Write(append([]string{f.kind}, f.files...)); err != nil {
			p.t.Fatal(err)
		}
	}
	w.Flush()
	p.write("faults.csv", b.Bytes())
}

func resized(t *testing.T, m picture.Image, h, w int) picture.Image {
	out, err := picture.Resize(m, h, w, picture.Bicubic)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// cropped removes rows above and columns at the left and at the right.
func cropped(m picture.Image, rows, columns int) picture.Image {
	out := picture.Image{H: m.H - rows, W: m.W - 2*columns, C: 3}
	for y := rows; y < m.H; y++ {
		out.Pix = append(out.Pix, m.Pix[3*(y*m.W+columns):3*(y*m.W+m.W-columns)]...)
	}
	return out
}

// leveled multiplies pixels and adds to them.
func leveled(m picture.Image, gain, offset float64) picture.Image {
	out := picture.Image{H: m.H, W: m.W, C: 3, Pix: slices.Clone(m.Pix)}
	for i, v := range out.Pix {
		out.Pix[i] = uint8(min(max(gain*float64(v)+offset+.5, 0), 255))
	}
	return out
}

// blurred applies a Gaussian blur.
func blurred(m picture.Image, deviation float64) picture.Image {
	radius := int(3 * deviation)
	weights := make([]float64, 2*radius+1)
	sum := 0.
	for i := range weights {
		d := float64(i-radius) / deviation
		weights[i] = math.Exp(-d * d / 2)
		sum += weights[i]
	}
	pass := func(m picture.Image, dx, dy int) picture.Image {
		out := picture.Image{H: m.H, W: m.W, C: 3, Pix: make([]uint8, len(m.Pix))}
		for i := range m.Pix {
			c, x, y := i%3, i/3%m.W, i/3/m.W
			v := 0.
			for k, w := range weights {
				sx, sy := min(max(x+dx*(k-radius), 0), m.W-1), min(max(y+dy*(k-radius), 0), m.H-1)
				v += w * float64(m.Pix[3*(sy*m.W+sx)+c])
			}
			out.Pix[i] = uint8(v/sum + .5)
		}
		return out
	}
	return pass(pass(m, 1, 0), 0, 1)
}

// withOrientation adds an EXIF segment with an orientation to a JPEG file.
func withOrientation(file []byte, orientation byte) []byte {
	exif := []byte("Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00")
	exif[25] = orientation // the high half of the value
	segment := binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(exif)+2))
	return slices.Concat(file[:2], segment, exif, file[2:])
}
