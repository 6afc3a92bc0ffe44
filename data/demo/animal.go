package demo

// look is the appearance of an animal, apart from the shapes that head and body draw. Nothing in it
// distinguishes cats from dogs.
type look struct {
	dog                 bool
	fur, second, belly  color
	pen                 color // outlines
	eye, inner, nose    color
	pattern             pattern
	collar              int // 0 none, 1 collar with a tag, 2 bow, 3 bandana
	collarColor         color
	ears                int // dogs: floppy, folded, pricked; cats: pricked, always
	eyes, mouth         int
	w                   int // width of outlines in thousandths
	tilt                int // of the head in hundredths of a degree
	eyeSide, patchShift int
	bodyWidth, headSize int // in thousandths
	glance, glanceDown  int
	pupil, tail         int
}

type pattern int

const (
	plain pattern = iota
	stripes
	patches
	white // chin, chest and paws
	mask  // dark face, ears and paws
	patterns
)

var (
	furs = []color{
		{226, 138, 58}, {240, 176, 96}, {250, 222, 178}, {246, 240, 230}, {128, 124, 130}, {176, 172, 172},
		{70, 64, 74}, {44, 40, 50}, {122, 78, 48}, {166, 110, 66}, {196, 152, 104}, {110, 122, 146}, {208, 196, 176},
	}
	catEyes     = []color{{118, 190, 70}, {236, 192, 52}, {84, 166, 224}, {226, 150, 50}, {86, 184, 156}}
	dogEyes     = []color{{150, 96, 46}, {98, 66, 36}, {70, 46, 34}, {120, 150, 180}}
	vivid       = []color{{214, 58, 60}, {58, 120, 214}, {48, 160, 100}, {242, 188, 48}, {150, 82, 190}, {242, 122, 160}, {40, 170, 190}, {244, 130, 50}}
	black       = color{34, 26, 34}
	whiteColor  = color{252, 250, 246}
	pink        = color{240, 152, 160}
	tongueColor = color{238, 108, 124}
)

func newLook(r *rng, dog bool) look {
	l := look{dog: dog, fur: pick(r, furs), pattern: pattern(r.intn(int(patterns)))}
	l.second = pick(r, furs)
	for near(l.second, l.fur) {
		l.second = pick(r, furs)
	}
	if r.chance(50) {
		l.second = l.fur.dark(110)
		if l.fur.r+l.fur.g+l.fur.b < 300 {
			l.second = l.fur.light(90)
		}
	}
	l.belly = l.fur.light(110)
	if l.pattern == white {
		l.belly = whiteColor
	}
	l.pen = l.fur.dark(175)
	l.eye = pick(r, catEyes)
	if dog {
		l.eye = pick(r, dogEyes)
	}
	l.inner = pink.mix(l.fur, r.in(0, 60))
	l.nose = pick(r, []color{black, black.light(30), {196, 110, 116}, {110, 70, 66}})
	if !dog && r.chance(75) {
		l.nose = pink
	}
	if dog && r.chance(75) {
		l.nose = black
	}
	l.collar = pick(r, []int{0, 0, 1, 1, 2, 3})
	l.collarColor = pick(r, vivid)
	l.ears = pick(r, []int{0, 0, 0, 0, 0, 1, 1, 1, 1, 2})
	l.eyes = r.intn(14)
	l.mouth = r.intn(10)
	l.w = r.in(55, 95)
	l.tilt = r.in(-1000, 1000)
	l.eyeSide = r.sign()
	l.patchShift = r.in(-250, 250)
	l.bodyWidth = r.in(880, 1150)
	l.headSize = r.in(930, 1100)
	l.glance, l.glanceDown = r.in(-60, 60), r.in(-40, 50)
	l.pupil = pick(r, []int{60, 85, 120, 155})
	l.tail = r.sign()
	return l
}

func near(a, b color) bool {
	d := func(x, y int) int { return max(x-y, y-x) }
	return d(a.r, b.r)+d(a.g, b.g)+d(a.b, b.b) < 120
}

// head draws the head around (0, 0) with a radius of about 1000.
func (l look) head(c *canvas, m matrix) {
	m = m.mul(turn(l.headSize, l.headSize, l.tilt))
	if l.dog {
		l.dogHead(c, m)
	} else {
		l.catHead(c, m)
	}
}

func (l look) catHead(c *canvas, m matrix) {
	for _, side := range []int{-1, 1} {
		ear := from(180, -700).q(420, -1190, 780, -1430).q(1000, -860, 900, -260).l(500, -300).mirrored(side)
		col := l.fur
		if l.pattern == mask || l.pattern == patches && side == l.eyeSide {
			col = l.second
		}
		c.fill(ear, m, col, l.pen, l.w)
		c.paint(from(400, -720).q(560, -1040, 740, -1190).q(850, -830, 790, -480).mirrored(side), m, l.inner, 256)
	}
	face := from(0, -830).c(520, -870, 880, -500, 970, 40).c(1030, 420, 600, 810, 0, 810).
		c(-600, 810, -1030, 420, -970, 40).c(-880, -500, -520, -870, 0, -830)
	c.fill(face, m, l.fur, l.pen, l.w)
	c.within(face, m, func() {
		c.paint(ellipse(0, 1050, 1300, 520), m, l.fur.dark(90), 110)
		c.paint(ellipse(-200, -700, 700, 380), m, l.fur.light(80), 90)
		switch l.pattern {
		case stripes:
			for i := -1; i <= 1; i++ {
				c.paint(from(i*230-60, -900).l(i*230+60, -900).q(i*170+40, -620, i*150, -430-60*b2i(i == 0)).q(i*170-40, -620, i*230-60, -900), m, l.second, 235)
			}
			for _, s := range []int{-1, 1} {
				c.paint(from(1050, 20).q(800, 60, 660, 150).q(820, 150, 1050, 160).mirrored(s), m, l.second, 235)
				c.paint(from(1050, 280).q(800, 300, 680, 370).q(820, 390, 1050, 420).mirrored(s), m, l.second, 235)
			}
		case patches:
			c.paint(ellipse(l.eyeSide*520, -330+l.patchShift, 560, 560), m, l.second, 256)
		case white:
			c.paint(from(0, -640).q(130, 40, 620, 420).l(500, 1000).l(-500, 1000).l(-620, 420).q(-130, 40, 0, -640), m, whiteColor, 256)
		case mask:
			c.paint(ellipse(0, 270, 620, 640), m, l.second, 225)
		}
		if l.pattern != mask {
			c.paint(new(path).ellipse(-190, 430, 290, 230), m, l.belly, 200)
			c.paint(new(path).ellipse(190, 430, 290, 230), m, l.belly, 200)
		}
	})
	line := l.pen
	if l.pattern == mask {
		line = l.second.dark(190)
	}
	for _, s := range []int{-1, 1} {
		l.catEye(c, m, s)
		for i := -1; i <= 1; i++ {
			c.line(from(460, 360+i*80).q(850, 300+i*130, 1260, 330+i*210).mirrored(s), m, line.mix(whiteColor, 60), 26)
		}
	}
	c.paint(from(-120, 210).q(0, 170, 120, 210).q(90, 330, 0, 350).q(-90, 330, -120, 210), m, l.nose, 256)
	c.line(from(0, 340).l(0, 420), m, line, 46)
	smile := 500 + 90*b2i(l.mouth > 4)
	for _, s := range []int{-1, 1} {
		c.line(from(0, 420).c(60, smile+20, 220, smile+40, 300, 430).mirrored(s), m, line, 46)
	}
	if l.mouth == 9 {
		c.paint(from(-80, 470).q(-90, 640, 0, 650).q(90, 640, 80, 470), m, tongueColor, 256)
	}
}

func (l look) catEye(c *canvas, m matrix, s int) {
	x, y := s*410, -60
	if l.eyes == 0 || l.eyes == 1 && s == l.eyeSide { // asleep, or winking
		c.line(from(x-210, y).q(x, y+190, x+210, y), m, l.pen.dark(60), 60)
		return
	}
	rx, ry := 225, 235
	if l.eyes > 8 {
		ry = 190
	}
	c.fill(ellipse(x, y, rx, ry), m, l.eye, black, 60)
	c.within(ellipse(x, y, rx, ry), m, func() {
		c.paint(ellipse(x, y+ry, rx, ry*7/10), m, l.eye.light(110), 150)
		c.paint(ellipse(x+l.glance, y+l.glanceDown, l.pupil, ry*85/100), m, black, 256)
	})
	c.paint(ellipse(x-70+l.glance/2, y-90, 62, 62), m, whiteColor, 256)
	c.paint(ellipse(x+80, y+90, 30, 30), m, whiteColor, 190)
}

func (l look) dogHead(c *canvas, m matrix) {
	earColor := l.fur
	if l.pattern != plain || l.eyeSide > 0 {
		earColor = l.second
	}
	ear := func(s int) {
		switch l.ears {
		case 0: // floppy
			c.fill(from(430, -800).c(800, -980, 1180, -720, 1230, -160).c(1270, 260, 1180, 620, 960, 640).c(770, 650, 700, 260, 690, -160).c(680, -420, 560, -600, 430, -800).mirrored(s), m, earColor, l.pen, l.w)
		case 1: // folded over
			c.fill(from(240, -780).q(420, -1180, 700, -1260).q(930, -1000, 830, -460).mirrored(s), m, earColor, l.pen, l.w)
			c.fill(from(420, -1130).q(760, -1330, 960, -1160).q(1120, -960, 1060, -560).q(900, -800, 420, -1130).mirrored(s), m, earColor.dark(50), l.pen, l.w)
		default: // pricked
			c.fill(from(180, -760).q(320, -1290, 560, -1500).q(900, -1080, 800, -380).mirrored(s), m, earColor, l.pen, l.w)
			c.paint(from(340, -820).q(420, -1120, 550, -1260).q(720, -980, 680, -600).mirrored(s), m, l.inner, 256)
		}
	}
	if l.ears > 0 {
		ear(-1)
		ear(1)
	}
	face := from(0, -870).c(460, -890, 800, -600, 810, -140).c(820, 200, 740, 420, 620, 640).c(500, 900, 240, 1000, 0, 1000).
		c(-240, 1000, -500, 900, -620, 640).c(-740, 420, -820, 200, -810, -140).c(-800, -600, -460, -890, 0, -870)
	c.fill(face, m, l.fur, l.pen, l.w)
	c.within(face, m, func() {
		c.paint(ellipse(0, 1150, 1200, 480), m, l.fur.dark(90), 110)
		c.paint(ellipse(-150, -740, 620, 360), m, l.fur.light(80), 90)
		switch l.pattern {
		case stripes:
			for i := -1; i <= 1; i++ {
				c.paint(from(i*220-60, -950).l(i*220+60, -950).q(i*160+40, -690, i*140, -520-60*b2i(i == 0)).q(i*160-40, -690, i*220-60, -950), m, l.second, 235)
			}
		case patches:
			c.paint(ellipse(l.eyeSide*420, -260+l.patchShift/2, 400, 470), m, l.second, 256)
		case white:
			c.paint(from(0, -950).q(190, -100, 520, 380).l(420, 1100).l(-420, 1100).l(-520, 380).q(-190, -100, 0, -950), m, whiteColor, 256)
		case mask:
			c.paint(ellipse(0, 470, 640, 640), m, l.second, 225)
		}
	})
	muzzle := l.belly
	if l.pattern == mask {
		muzzle = l.second.light(36)
	}
	line := l.pen
	if l.pattern == mask {
		line = l.second.dark(190)
	}
	tongue := l.mouth >= 3
	if tongue {
		c.fill(from(-150, 720).c(-190, 1060, -120, 1200, 0, 1200).c(120, 1200, 190, 1060, 150, 720), m, tongueColor, tongueColor.dark(120), l.w*2/3)
		c.line(from(0, 780).l(0, 1040), m, tongueColor.dark(70), 36)
	}
	c.paint(new(path).ellipse(0, 520, 470, 400), m, muzzle, 256)
	for _, s := range []int{-1, 1} {
		l.dogEye(c, m, s)
		c.line(from(0, 640).c(60, 800, 260, 840, 400, 690).mirrored(s), m, line, 52)
		for i := range 3 {
			c.paint(ellipse(s*(230+90*(i&1)), 470+i*70, 24, 24), m, line, 150)
		}
	}
	c.line(from(0, 420).l(0, 660), m, line, 52)
	c.fill(from(-230, 210).c(-230, 90, 230, 90, 230, 210).c(230, 340, 90, 440, 0, 440).c(-90, 440, -230, 340, -230, 210), m, l.nose, black, 30)
	c.paint(ellipse(-70, 190, 80, 42), m, whiteColor, 170)
	if l.ears == 0 {
		ear(-1)
		ear(1)
	}
}

func (l look) dogEye(c *canvas, m matrix, s int) {
	x, y := s*340, -170
	if l.eyes == 0 || l.eyes == 1 && s == l.eyeSide {
		c.line(from(x-160, y).q(x, y-150, x+160, y), m, l.pen.dark(60), 60)
		return
	}
	if l.eyes > 8 { // with the white showing
		c.fill(ellipse(x, y, 190, 200), m, whiteColor, black, 46)
	}
	c.fill(ellipse(x+l.glance/2, y+l.glanceDown/2, 145, 160), m, l.eye.dark(90), black, 30)
	c.paint(ellipse(x+l.glance/2, y+l.glanceDown/2, 95, 110), m, black, 256)
	c.paint(ellipse(x-50+l.glance/2, y-65, 46, 46), m, whiteColor, 256)
	brow := l.fur.light(120)
	if l.fur.r+l.fur.g+l.fur.b > 560 {
		brow = l.pen
	}
	if l.eyes&1 == 0 {
		c.paint(ellipse(x+s*10, y-290, 110, 50), m, brow, 200)
	}
}

// sitting draws a sitting animal from the front. The head is at (0, 0).
func (l look) sitting(c *canvas, m matrix) {
	b := m.mul(turn(l.bodyWidth, 1000, 0))
	l.tailAt(c, b, l.tail*620, 2500, l.tail)
	body := from(-420, 500).c(-560, 1100, -980, 1500, -980, 2250).c(-980, 2700, -600, 2800, 0, 2800).
		c(600, 2800, 980, 2700, 980, 2250).c(980, 1500, 560, 1100, 420, 500)
	c.fill(body, b, l.fur, l.pen, l.w)
	c.within(body, b, func() {
		l.coat(c, b, 0, 1650, 1000, 1200)
		c.paint(ellipse(0, 1600, 440, 880), b, l.belly, 230)
		c.paint(ellipse(0, 620, 800, 420), b, l.fur.dark(130), 110)
	})
	for _, s := range []int{-1, 1} {
		c.fill(ellipse(s*720, 2640, 420, 200), b, l.paw(), l.pen, l.w)
		leg := from(80, 1500).c(100, 2000, 110, 2300, 90, 2560).c(80, 2860, 520, 2860, 500, 2560).c(480, 2200, 500, 1900, 470, 1500).mirrored(s)
		c.fill(leg, b, l.fur, l.pen, l.w)
		c.paint(from(110, 1350).l(90, 1650).l(470, 1650).l(500, 1350).mirrored(s), b, l.fur, 256)
		c.within(leg, b, func() {
			if l.pattern == stripes {
				for i := range 3 {
					c.line(from(0, 1900+i*220).q(300, 1960+i*220, 600, 1900+i*220).mirrored(s), b, l.second, 70)
				}
			}
			c.paint(ellipse(s*290, 2720, 330, 260), b, l.paw(), 256)
		})
		for i := range 2 {
			c.line(from(230+i*130, 2680).l(230+i*130, 2780).mirrored(s), b, l.pen, 34)
		}
	}
	l.neckwear(c, m, 0, 850, 560)
	l.head(c, m)
}

// standing draws a standing animal from the side, with its face to the viewer. The head is at (0, 0).
func (l look) standing(c *canvas, m matrix, side int) {
	m0 := m
	if side < 0 {
		m = m.mul(matrix{-65536, 0, 0, 65536, 0, 0})
	}
	l.tailAt(c, m, -2650, 900, -1)
	dark := l.fur.dark(70)
	leg := func(x int, col color) {
		p := from(x-250, 1300).c(x-230, 1800, x-190, 2000, x-210, 2300).c(x-210, 2560, x+270, 2560, x+250, 2340).c(x+190, 2200, x+250, 1800, x+260, 1300)
		c.fill(p, m, col, l.pen, l.w)
		c.within(p, m, func() { c.paint(ellipse(x+20, 2470, 330, 230), m, l.paw(), 256) })
	}
	leg(-350, dark)
	leg(-1950, dark)
	body := from(-200, 300).c(-700, 520, -1500, 500, -2000, 480).c(-2600, 480, -2780, 900, -2720, 1350).c(-2680, 1700, -2300, 1780, -2000, 1700).
		c(-1500, 1560, -900, 1720, -300, 1750).c(160, 1780, 380, 1400, 420, 900).c(450, 600, 300, 300, -200, 300)
	c.fill(body, m, l.fur, l.pen, l.w)
	c.within(body, m, func() {
		l.coat(c, m, -1300, 1000, 1400, 700)
		c.paint(ellipse(-1100, 1750, 1500, 300), m, l.belly, 230)
		c.paint(ellipse(-1300, 420, 1200, 260), m, l.fur.light(90), 90)
		c.paint(ellipse(0, 700, 800, 500), m, l.fur.dark(130), 100)
	})
	for _, x := range []int{-60, -2300} {
		leg(x, l.fur)
		c.paint(from(x-215, 1150).l(x-205, 1430).l(x+215, 1430).l(x+215, 1150), m, l.fur, 256)
	}
	l.neckwear(c, m, 60, 840, 560)
	l.head(c, m0)
}

// lying draws a lying animal from the front.
func (l look) lying(c *canvas, m matrix) {
	b := m.mul(turn(l.bodyWidth, 1000, 0))
	l.tailAt(c, b, l.tail*1500, 1250, l.tail)
	body := from(-1700, 1400).c(-1900, 700, -1200, 250, -300, 250).c(900, 200, 1900, 600, 1750, 1400).c(1700, 1640, -1650, 1640, -1700, 1400).mirrored(l.tail)
	c.fill(body, b, l.fur, l.pen, l.w)
	c.within(body, b, func() {
		l.coat(c, b, l.tail*900, 800, 800, 700)
		c.paint(ellipse(0, 1650, 1900, 300), b, l.fur.dark(100), 130)
		c.paint(ellipse(0, 700, 1000, 500), b, l.fur.dark(130), 110)
	})
	for _, s := range []int{-1, 1} {
		paw := from(170, 1150).c(200, 900, 800, 900, 820, 1200).c(860, 1700, 160, 1720, 150, 1450).mirrored(s)
		c.fill(paw, b, l.paw(), l.pen, l.w)
		for i := range 2 {
			c.line(from(380+i*190, 1450).l(380+i*190, 1580).mirrored(s), b, l.pen, 38)
		}
	}
	l.neckwear(c, m, 0, 850, 600)
	l.head(c, m)
}

// face draws a portrait: head and shoulders.
func (l look) face(c *canvas, m matrix) {
	b := m.mul(turn(l.bodyWidth, 1000, 0))
	body := from(-500, 600).c(-700, 1000, -1250, 1200, -1350, 2400).l(-1350, 4000).l(1350, 4000).l(1350, 2400).c(1250, 1200, 700, 1000, 500, 600)
	c.fill(body, b, l.fur, l.pen, l.w)
	c.within(body, b, func() {
		l.coat(c, b, 0, 1700, 1300, 700)
		c.paint(ellipse(0, 2400, 600, 1600), b, l.belly, 230)
		c.paint(ellipse(0, 700, 1000, 420), b, l.fur.dark(130), 120)
	})
	l.neckwear(c, m, 0, 900, 640)
	l.head(c, m)
}

func (l look) paw() color {
	switch l.pattern {
	case white:
		return whiteColor
	case mask:
		return l.second
	}
	return l.fur.light(30)
}

// coat draws the fur's pattern over a body with approximately the center (x, y) and the radii rx and ry.
func (l look) coat(c *canvas, m matrix, x, y, rx, ry int) {
	switch l.pattern {
	case stripes:
		for i := -2; i <= 2; i++ {
			at := x + i*rx*2/5
			c.paint(from(at-70, y-ry-400).l(at+90, y-ry-400).q(at+110, y-ry/3, at+i*20, y+ry/4).q(at-40, y-ry/3, at-70, y-ry-400), m, l.second, 225)
		}
	case patches:
		c.paint(ellipse(x+l.eyeSide*rx/2, y-ry/4+l.patchShift, rx/2, ry*2/5), m, l.second, 256)
		c.paint(ellipse(x-l.eyeSide*rx*2/3, y+ry/3, rx*2/5, ry/3), m, l.second, 256)
	case white:
		c.paint(ellipse(x, y+ry, rx*4/5, ry*3/5), m, whiteColor, 256)
	}
}

// tailAt draws the tail, which starts at (x, y) and points to the side. A cat's is long and curled. A
// dog's is shorter and thick, and wags or curls over the back.
func (l look) tailAt(c *canvas, m matrix, x, y, side int) {
	s := func(dx int) int { return x + side*dx }
	col := l.fur
	tip := col
	if l.pattern == white || l.pattern == mask || l.pattern == patches {
		tip = l.paw()
		if l.pattern == patches {
			tip = l.second
		}
	}
	var p *path
	width := 300
	switch {
	case !l.dog && l.eyes&1 == 0:
		p = from(x, y).c(s(700), y+150, s(1050), y-350, s(750), y-900).c(s(600), y-1250, s(850), y-1500, s(1100), y-1350)
	case !l.dog:
		p = from(x, y).c(s(500), y-100, s(700), y-600, s(560), y-1100).c(s(500), y-1400, s(560), y-1600, s(680), y-1700)
	case l.eyes&1 == 0:
		p, width = from(x, y).c(s(300), y-100, s(560), y-420, s(640), y-850), 330
	default:
		p, width = from(x, y).c(s(560), y-100, s(640), y-760, s(240), y-780).c(s(-20), y-780, s(0), y-500, s(160), y-480), 360
	}
	c.line(p, m, l.pen, width+2*l.w)
	c.line(p, m, col, width)
	if tip != col {
		end := &path{}
		all := p.lines[0]
		end.lines = [][]point{all[len(all)-4:]}
		c.line(end, m, tip, width)
	}
}

func (l look) neckwear(c *canvas, m matrix, x, y, rx int) {
	pen := l.collarColor.dark(150)
	switch l.collar {
	case 1:
		band := from(x-rx, y-60).q(x, y+230, x+rx, y-60).l(x+rx, y+120).q(x, y+420, x-rx, y+120)
		c.fill(band, m, l.collarColor, pen, l.w*2/3)
		c.fill(ellipse(x, y+330, 120, 120), m, color{246, 206, 84}, pen, l.w*2/3)
	case 2:
		for _, s := range []int{-1, 1} {
			c.fill(from(x, y+150).c(x+s*200, y-140, x+s*520, y-140, x+s*500, y+150).c(x+s*520, y+440, x+s*200, y+440, x, y+150), m, l.collarColor, pen, l.w*2/3)
		}
		c.fill(ellipse(x, y+150, 120, 130), m, l.collarColor.light(60), pen, l.w*2/3)
	case 3:
		c.fill(from(x-rx, y-40).q(x, y+200, x+rx, y-40).q(x+rx/2, y+500, x, y+680).q(x-rx/2, y+500, x-rx, y-40), m, l.collarColor, pen, l.w*2/3)
		for i := range 3 {
			c.paint(ellipse(x-200+i*200, y+230+150*b2i(i == 1), 44, 44), m, whiteColor, 230)
		}
	}
}
