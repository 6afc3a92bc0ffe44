package demo

// drawScene draws one image: a background, clutter behind and in front of the animal, the animal, and the
// effects of a camera.
func drawScene(c *canvas, r *rng, dog bool) {
	floor := r.in(78, 112)
	if r.chance(55) {
		outdoors(c, r, floor)
	} else {
		indoors(c, r, floor)
	}
	for range r.in(0, 3) {
		clutter(c, r, r.in(4, 124), floor+r.in(0, 18), r.in(6, 13))
	}

	l := newLook(r, dog)
	leaning := turn(1000, 1000, r.in(-400, 400))
	switch pose := r.intn(100); {
	case pose < 58:
		size := r.in(33, 44)
		m := onto(64+r.in(-12, 12), 64+r.in(-6, 10), size)
		l.face(c, m.mul(leaning))
	case pose < 74:
		size := r.in(22, 29)
		m := onto(64+r.in(-16, 16), 118-size*27/10+r.in(-8, 8), size)
		shadow(c, m, 0, 2780, 1500)
		l.sitting(c, m.mul(leaning))
	case pose < 84:
		size := r.in(21, 26)
		side := r.sign()
		m := onto(64+side*(22+r.in(-8, 10)), 112-size*24/10+r.in(-8, 8), size)
		shadow(c, m, -side*1100, 2480, 2100)
		l.standing(c, m.mul(leaning), side)
	default:
		size := r.in(24, 33)
		m := onto(64+r.in(-12, 12), 108-size*15/10+r.in(-12, 8), size)
		shadow(c, m, 0, 1560, 2100)
		l.lying(c, m.mul(leaning))
	}

	if r.chance(35) {
		clutter(c, r, 64+r.sign()*r.in(34, 64), r.in(112, 128), r.in(9, 16))
	}
	if r.chance(15) {
		grass(c, r)
	}
	camera(c, r)
}

func shadow(c *canvas, m matrix, x, y, rx int) { c.paint(ellipse(x, y, rx, 230), m, black, 70) }

// gradient fills the rows y0 to y1 with a gradient between two colors.
func gradient(c *canvas, y0, y1 int, a, b color) {
	for y := max(y0, 0); y < min(y1, c.h); y++ {
		col := a.mix(b, (y-y0)*256/max(y1-y0, 1))
		for x := range c.w {
			c.pix[y*c.w+x] = col
		}
	}
}

// px returns the matrix for shapes given in 1/10 of a pixel.
var px = matrix{256 * 65536 / 10, 0, 0, 256 * 65536 / 10, 0, 0}

func pastel(r *rng) color {
	return color{r.in(70, 245), r.in(70, 245), r.in(70, 245)}
}

func outdoors(c *canvas, r *rng, floor int) {
	skies := [][2]color{
		{{120, 190, 240}, {222, 240, 250}}, {{250, 176, 120}, {252, 228, 190}}, {{92, 108, 170}, {228, 168, 180}},
		{{28, 36, 80}, {84, 90, 150}}, {{176, 196, 204}, {226, 232, 230}},
	}
	k := r.intn(len(skies))
	gradient(c, 0, floor+10, skies[k][0], skies[k][1])
	if r.chance(50) {
		x, y, s := r.in(100, 1180), r.in(90, 380), r.in(70, 150)
		sun := color{255, 232, 140}
		c.paint(ellipse(x, y, s*16/10, s*16/10), px, sun, 60)
		c.paint(ellipse(x, y, s, s), px, sun, 256)
	}
	for range r.in(0, 4) {
		x, y, s := r.in(0, 1280), r.in(60, 500), r.in(60, 130)
		cloud := new(path).ellipse(x, y, s*2, s*8/10)
		c.paint(cloud, px, whiteColor, 200)
		c.paint(ellipse(x-s, y-s/3, s, s*8/10), px, whiteColor, 200)
		c.paint(ellipse(x+s*2/3, y-s/2, s*11/10, s), px, whiteColor, 200)
	}
	greens := []color{{104, 168, 84}, {142, 186, 92}, {78, 138, 96}, {196, 184, 110}, {226, 232, 240}, {206, 178, 130}}
	ground := pick(r, greens)
	for range r.in(1, 3) {
		x, h := r.in(-100, 1400), r.in(120, 420)
		c.paint(ellipse(x, floor*10+100, r.in(400, 900), h+100), px, ground.mix(skies[k][1], r.in(60, 130)).dark(r.in(0, 60)), 256)
	}
	for range r.in(0, 4) {
		tree(c, r, r.in(0, 1280), floor*10+r.in(0, 60), r.in(120, 320))
	}
	gradient(c, floor, c.h, ground.light(30), ground.dark(50))
	for range r.in(0, 40) { // tufts
		x, y := r.in(0, 1280), r.in(floor*10, 1280)
		c.line(from(x, y).l(x+r.in(-12, 12), y-r.in(15, 40)), px, ground.dark(r.in(20, 90)), 9)
	}
	if r.chance(25) { // a fence
		col := pick(r, []color{whiteColor, {150, 108, 70}, {190, 150, 110}})
		y := floor*10 - r.in(60, 200)
		for x := r.in(-60, 0); x < 1280; x += 130 {
			c.fill(from(x, y).l(x+35, y-45).l(x+70, y).l(x+70, floor*10+40).l(x, floor*10+40), px, col, col.dark(110), 8)
		}
		c.fill(from(-20, y+50).l(1300, y+50).l(1300, y+90).l(-20, y+90), px, col, col.dark(110), 8)
	}
}

func tree(c *canvas, r *rng, x, y, h int) {
	trunk := color{120, 84, 56}
	leaf := pick(r, []color{{70, 132, 74}, {104, 160, 70}, {196, 120, 60}, {58, 110, 92}, {222, 150, 170}})
	c.paint(from(x-h/12, y).l(x-h/16, y-h).l(x+h/16, y-h).l(x+h/12, y), px, trunk, 256)
	if r.chance(50) {
		for i := range 3 {
			w, b := h/2-i*h/10, y-h/2-i*h/3
			c.fill(from(x-w, b).l(x, b-h*6/10).l(x+w, b), px, leaf.light(i*14), leaf.dark(120), 8)
		}
		return
	}
	for i := range 4 {
		c.paint(ellipse(x+[4]int{-h / 3, h / 3, 0, 0}[i], y-h+[4]int{0, 0, -h / 3, h / 10}[i], h*4/10, h*38/100), px, leaf.light(i*10), 256)
	}
}

func indoors(c *canvas, r *rng, floor int) {
	wall := pastel(r)
	if r.chance(25) {
		wall = wall.dark(110)
	}
	gradient(c, 0, floor, wall, wall.dark(40))
	other := wall.mix(pick(r, []color{whiteColor, black, pastel(r)}), r.in(30, 90))
	step := r.in(90, 220)
	switch r.intn(5) {
	case 0:
		for x := r.in(-step, 0); x < 1300; x += step {
			c.paint(from(x, 0).l(x+step/2, 0).l(x+step/2, floor*10).l(x, floor*10), px, other, 256)
		}
	case 1:
		for y, k := r.in(0, step), 0; y < floor*10; y, k = y+step, k+1 {
			for x := (k & 1) * step / 2; x < 1300; x += step {
				c.paint(ellipse(x, y, step/6, step/6), px, other, 256)
			}
		}
	case 2:
		for y, k := 0, 0; y < floor*10; y, k = y+step/2, k+1 {
			c.line(from(0, y).l(1280, y), px, other, 8)
			for x := (k & 1) * step / 2; x < 1300; x += step {
				c.line(from(x, y).l(x, y+step/2), px, other, 8)
			}
		}
	}
	if r.chance(40) { // a window or a painting
		x, y, w, h := r.in(0, 900), r.in(0, 250), r.in(250, 420), r.in(250, 420)
		glass := pick(r, []color{{170, 214, 240}, {40, 48, 92}, {250, 220, 160}, pastel(r)})
		c.fill(from(x, y).l(x+w, y).l(x+w, y+h).l(x, y+h), px, glass, pick(r, []color{whiteColor, {130, 90, 60}, {60, 52, 60}}), 50)
		if r.chance(60) {
			c.line(from(x+w/2, y).l(x+w/2, y+h), px, whiteColor, 20)
			c.line(from(x, y+h/2).l(x+w, y+h/2), px, whiteColor, 20)
		} else {
			c.paint(ellipse(x+w/2, y+h*2/3, w/3, h/4), px, pick(r, vivid), 256)
		}
	}
	ground := pick(r, []color{{190, 146, 100}, {150, 106, 74}, {200, 196, 190}, {118, 112, 120}, pastel(r)})
	gradient(c, floor, c.h, ground, ground.dark(60))
	if r.chance(50) {
		for y := floor * 10; y < 1280; y += r.in(70, 130) {
			c.line(from(0, y).l(1280, y), px, ground.dark(80), 8)
		}
	}
	c.paint(from(0, floor*10-30).l(1280, floor*10-30).l(1280, floor*10+10).l(0, floor*10+10), px, wall.light(120), 256)
	if r.chance(45) {
		rug := pick(r, vivid).mix(ground, r.in(0, 120))
		x, y := r.in(300, 980), r.in(floor*10+60, 1200)
		c.fill(ellipse(x, y, r.in(350, 700), r.in(80, 160)), px, rug, rug.dark(90), 30)
	}
}

// clutter draws an object that stands at (x, y), with a radius of about s pixels. The objects do not depend on
// the class.
func clutter(c *canvas, r *rng, x, y, s int) {
	m := onto(x, y-s, s)
	col := pick(r, vivid)
	pen := col.dark(150)
	switch r.intn(8) {
	case 0: // ball
		c.fill(ellipse(0, 0, 1000, 1000), m, col, pen, 120)
		c.line(from(-900, -200).q(0, 300, 900, -200), m, whiteColor, 160)
	case 1: // wool
		c.fill(ellipse(0, 0, 1000, 1000), m, col, pen, 120)
		for i := -1; i <= 1; i++ {
			c.line(from(-700, i*400-200).q(0, i*400+300, 700, i*400-200), m, col.dark(80), 90)
			c.line(from(i*400, -800).q(i*400+300, 0, i*400, 800), m, col.light(80), 70)
		}
		c.line(from(800, 700).q(1300, 1100, 1900, 900), m, col, 100)
	case 2: // bone
		bone := new(path)
		for _, sx := range []int{-1, 1} {
			for _, sy := range []int{-1, 1} {
				bone.ellipse(sx*850, 600+sy*210, 290, 290)
			}
		}
		bone.m(-850, 400).l(850, 400).l(850, 800).l(-850, 800)
		c.fill(bone, m, whiteColor, color{150, 140, 130}, 90)
		c.paint(bone, m, whiteColor, 256)
	case 3: // fish
		c.fill(from(-900, 500).c(-500, 0, 300, 0, 650, 500).l(1150, 150).l(1150, 850).l(650, 500).c(300, 1000, -500, 1000, -900, 500), m, col, pen, 110)
		c.paint(ellipse(-550, 420, 90, 90), m, black, 256)
	case 4: // plant in a pot
		leaf := color{84, 150, 84}
		for i := -2; i <= 2; i++ {
			c.fill(from(0, 200).q(i*350-200, -700, i*600, -1500+120*i*i).q(i*350+250, -600, 0, 200), m, leaf.light(20*(i+2)), leaf.dark(130), 70)
		}
		c.fill(from(-600, 100).l(600, 100).l(430, 1000).l(-430, 1000), m, color{196, 110, 76}, color{96, 52, 40}, 100)
	case 5: // bowl
		c.fill(from(-1000, 200).l(1000, 200).q(850, 1000, 500, 1000).l(-500, 1000).q(-850, 1000, -1000, 200), m, col, pen, 110)
		c.paint(ellipse(0, 200, 880, 200), m, color{130, 86, 56}, 256)
	case 6: // flower
		c.line(from(0, 1000).q(100, 300, 0, -300), m, color{84, 150, 84}, 160)
		for i := range 6 {
			q := m.mul(matrix{65536, 0, 0, 65536, 0, -500}).mul(turn(1000, 1000, i*6000))
			c.paint(ellipse(0, -480, 300, 420), q, col, 256)
		}
		c.paint(ellipse(0, -500, 300, 300), m, color{250, 210, 80}, 256)
	default: // books
		for i := range 3 {
			col := pick(r, vivid)
			y := 1000 - i*420
			dx := r.in(-200, 200)
			c.fill(from(-1000+dx, y-400).l(1000+dx, y-400).l(1000+dx, y).l(-1000+dx, y), m, col, col.dark(150), 80)
			c.paint(from(600+dx, y-400).l(760+dx, y-400).l(760+dx, y).l(600+dx, y), m, whiteColor, 200)
		}
	}
}

// grass draws grass in front of the animal.
func grass(c *canvas, r *rng) {
	col := color{r.in(60, 130), r.in(130, 180), r.in(60, 100)}
	for x := r.in(-40, 0); x < 1300; x += r.in(30, 70) {
		h := r.in(100, 320)
		c.paint(from(x, 1290).q(x+10, 1290-h/2, x+r.in(-60, 60), 1290-h).q(x+30, 1290-h/2, x+45, 1290), px, col.dark(r.in(0, 90)), 256)
	}
}

// camera adds the effects of a camera: over- or underexposure, a tint, darker corners, noise, and sometimes
// a scratch of black and white pixels.
func camera(c *canvas, r *rng) {
	gain := r.in(228, 284)
	tint := [3]int{r.in(-9, 9), r.in(-9, 9), r.in(-9, 9)}
	vignette := r.in(0, 70)
	noise := r.in(2, 14)
	gray := 0
	if r.chance(4) {
		gray = 256 // an old photo
	}
	for y := range c.h {
		for x := range c.w {
			p := &c.pix[y*c.w+x]
			dx, dy := 2*x-c.w, 2*y-c.h
			k := gain * (65536 - vignette*256*(dx*dx+dy*dy)/(2*c.w*c.w)) >> 16
			v := r.next()
			// A triangular distribution is close enough to a normal one.
			n := func(shift uint) int { return (int(v>>shift&63) + int(v>>(shift+6)&63) - 63) * noise / 64 }
			l := (p.r*77 + p.g*150 + p.b*29) >> 8
			q := p.mix(color{l, l, l}, gray)
			*p = color{q.r*k>>8 + tint[0] + n(0), q.g*k>>8 + tint[1] + n(12), q.b*k>>8 + tint[2] + n(24)}
		}
	}
}
