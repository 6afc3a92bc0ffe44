package main

import "fmt"

// depthwiseSums writes a function that adds a row of results to the gradients of some rows of taps,
// and of the bias. The sums stay in registers for the whole row.
type depthwiseSums struct {
	depthwiseFunction
	rows, width int // taps
	members     int // channels in a group; 0: no groups

	pixel, result *reg // line.xPixel and line.xTap
	dy            *reg // gradient of a result
	n             *reg // results that are left
	sums          []*reg
}

// eachSum writes code for each sum; f gets the sum and its address.
func (s *depthwiseSums) eachSum(f func(sum *reg, m string)) {
	at := s.general("at")
	s.i("MOVQ %s, %s", s.l.field("w"), at)
	s.addChannel(at)
	step := s.l.field("wTap")
	if s.members > 0 {
		step = s.l.field("wMember")
	}
	for n, sum := range s.sums {
		if n > 0 {
			s.i("ADDQ %s, %s", step, at)
		}
		f(sum, at.mem(0))
	}
	s.free(at)
}

// storeSums stores the sums, and adds the bias' sum unless bias is nil. If the vector overlaps the one
// before, the overlapping lanes in memory are final and stay.
func (s *depthwiseSums) storeSums(bias, spare *reg) {
	all := func(name string, store func(sum *reg, m string)) {
		s.eachSum(store)
		if bias == nil {
			return
		}
		at := s.general("at")
		s.i("MOVQ %s, %s\nTESTQ %s, %s\nJEQ %s", s.l.field("bias"), at, at, at, name)
		s.addChannel(at)
		s.load(at.mem(0), spare)
		s.v("VADDPS", bias, spare, bias)
		store(bias, at.mem(0))
		s.at(name)
		s.free(at)
	}
	if s.mask == nil {
		channel := s.general("channel")
		s.i("MOVQ $%d, %s", s.bytes()-1, channel)
		s.i("ANDQ %s, %s", s.channelAt(), channel)
		s.i("TESTQ %s, %s\nJEQ whole", channel, channel)
		s.free(channel)
		s.comment("store the lanes that do not overlap the vector before")
		fresh := s.loadMask("fresh lanes")
		all("biasDone", func(sum *reg, m string) {
			s.v("VMOVUPS", m, spare)
			s.blend(fresh, sum, spare)
			s.v("VMOVUPS", spare, m)
		})
		s.i("JMP stored")
		s.free(fresh)
		s.at("whole")
	}
	s.comment("store the sums")
	all("stored", func(sum *reg, m string) { s.store(sum, m) })
	if bias == nil && s.mask == nil {
		s.at("stored")
	}
}

func (s *depthwiseSums) write() {
	s.begin()
	if s.rows < 5 { // five rows leave no register
		s.channel = s.general("channel")
	}
	s.pixel, s.result = s.general("pixel"), s.general("result")
	s.i("MOVQ %s, %s\nMOVQ %s, %s", s.l.field("xPixel"), s.pixel, s.l.field("xTap"), s.result)
	var three *reg
	if s.width > 3 {
		three = s.general("3 pixels")
		s.i("LEAQ %s, %s", s.pixel.memPlus(s.pixel, 2, 0), three)
	}
	s.eachVector(func() {
		s.sums = s.vectors("sum", s.rows*s.width)
		bias, dy, spare := s.vector("bias"), s.vector("dy"), s.vector("spare")
		s.comment("load the sums; point to the rows of pixels and to the results")
		s.eachSum(func(sum *reg, m string) { s.load(m, sum) })
		s.zero(bias)
		s.dy, s.n = s.general("dy"), s.general("n")
		row, fetch := make([]*reg, s.rows), s.general("fetch")
		for r := range row {
			row[r] = s.general("row")
		}
		s.i("MOVQ %s, %s\nADDQ %s, %s", s.l.field("x"), row[0], s.l.field("xAt"), row[0])
		s.addChannel(row[0])
		if s.rows > 1 {
			s.i("MOVQ %s, %s", s.l.field("xRow"), s.n)
			for r := 1; r < s.rows; r++ {
				s.i("LEAQ %s, %s", row[r-1].memPlus(s.n, 1, 0), row[r])
			}
		}
		s.i("MOVQ %s, %s", s.l.field("y"), s.dy)
		s.addChannel(s.dy)

		// products adds the products of a result to the sums. At an edge, the register edge has the
		// column of the first tap, and columns outside the image are skipped.
		products := func(edge *reg) {
			s.load(s.dy.mem(0), dy)
			s.v("VADDPS", dy, bias, bias)
			for k := range s.width {
				skip := fmt.Sprintf("skip%d", k)
				if edge != nil {
					column := s.general("column")
					s.i("LEAQ %s, %s\nCMPQ %s, %s\nJCC %s", edge.mem(k), column, column, s.l.field("width"), skip)
					s.free(column)
				}
				for r := range row {
					m := row[r].mem(0)
					switch {
					case k == 3:
						m = row[r].memPlus(three, 1, 0)
					case k > 0:
						m = row[r].memPlus(s.pixel, k, 0)
					}
					s.multiply(m, dy, s.sums[r*s.width+k], spare)
				}
				if edge != nil {
					s.at(skip)
				}
			}
			for r := range row {
				s.i("ADDQ %s, %s", s.result, row[r])
			}
			s.i("ADDQ %s, %s", s.l.field("yPixel"), s.dy)
		}
		if s.width > 1 {
			column := s.general("column of the first tap")
			s.i("MOVQ %s, %s\nMOVQ %s, %s\nXORQ %s, %s", s.l.field("column"), column, s.l.field("left"), s.n, fetch, fetch)
			s.comment("results at an edge: first the left one, after the middle the right one")
			s.at("edge")
			s.i("TESTQ %s, %s\nJEQ edgeDone", s.n, s.n)
			s.at("edgeResult")
			products(column)
			s.i("ADDQ %s, %s\nDECQ %s\nJNE edgeResult", s.l.field("yAt"), column, s.n)
			s.at("edgeDone")
			s.i("TESTQ %s, %s\nJNE rowDone", fetch, fetch)
			s.middle(row, fetch, column, products)
			s.i("MOVQ %s, %s\nMOVQ %s, %s\nMOVQ $1, %s\nJMP edge", s.l.field("right"), column, s.l.field("atRight"), s.n, fetch)
			s.at("rowDone")
			s.free(column)
		} else {
			column := s.general("spare")
			s.middle(row, fetch, column, products)
			s.free(column)
		}
		s.storeSums(bias, spare)
		s.free(s.sums...)
		s.free(row...)
		s.free(bias, dy, spare, s.dy, s.n, fetch)
	})
	s.ret()
}

// middle writes the loop over the results whose windows are inside the image. It prefetches rows for
// later.
func (s *depthwiseSums) middle(row []*reg, fetch, spare *reg, products func(edge *reg)) {
	s.comment("results in the middle")
	s.i("MOVQ %s, %s\nTESTQ %s, %s\nJEQ middleDone", s.l.field("middle"), s.n, s.n, s.n)
	if s.isNEON() || s.narrow || s.width == 1 {
		s.loop("result")
		products(nil)
		s.i("DECQ %s\nJNE result", s.n)
		s.at("middleDone")
		return
	}
	second := s.general("second row")
	s.i("MOVQ %s, %s\nMOVQ %s, %s", s.l.field("fetch"), second, s.l.field("yAhead"), spare)
	s.i("MOVQ %s, %s\nADDQ %s, %s", s.l.field("ahead"), fetch, row[0], fetch)
	s.loop("result")
	s.comment("prefetch rows for later: with stride 2, two pixels in each of two rows")
	s.i("PREFETCHT0 %s\nPREFETCHT0 %s", s.dy.memPlus(spare, 1, 0), fetch.mem(0))
	s.i("TESTQ %s, %s\nJEQ fetched", second, second)
	s.i("PREFETCHT0 %s\nPREFETCHT0 %s", fetch.memPlus(s.pixel, 1, 0), fetch.memPlus(second, 1, 0))
	s.i("ADDQ %s, %s\nPREFETCHT0 %s\nSUBQ %s, %s", s.pixel, fetch, fetch.memPlus(second, 1, 0), s.pixel, fetch)
	s.at("fetched")
	s.i("ADDQ %s, %s", s.result, fetch)
	products(nil)
	s.i("DECQ %s\nJNE result", s.n)
	s.at("middleDone")
	s.free(second)
}

// writeGroups writes the function for one tap of channels in groups: a sum for each member of a group.
func (s *depthwiseSums) writeGroups() {
	s.begin()
	s.channel, s.result = s.general("channel"), s.general("result")
	pixel := s.general("pixel of y")
	s.i("MOVQ %s, %s\nMOVQ %s, %s", s.l.field("xTap"), s.result, s.l.field("yPixel"), pixel)
	lanes := s.groupLanes()
	s.eachVector(func() {
		s.sums = s.vectors("sum", s.members)
		dy, member, spare := s.vector("dy"), s.vectors("member", 2), s.vector("spare")
		s.comment("load the sums")
		s.eachSum(func(sum *reg, m string) { s.load(m, sum) })
		x := s.general("x")
		s.dy, s.n = s.general("dy"), s.general("n")
		s.i("MOVQ %s, %s\nMOVQ %s, %s\nMOVQ %s, %s", s.l.field("x"), x, s.l.field("y"), s.dy, s.l.field("middle"), s.n)
		s.addChannel(x)
		s.addChannel(s.dy)
		if s.isNEON() && s.members == 8 {
			s.neonGroupStart(x)
		}
		s.comment("a result")
		s.loop("result")
		s.load(s.dy.mem(0), dy)
		for j, sum := range s.sums {
			to := member[j%2]
			s.loadMember(x, j, to, lanes)
			s.v("VFMADD231PS", to, dy, sum)
		}
		s.i("ADDQ %s, %s\nADDQ %s, %s\nDECQ %s\nJNE result", s.result, x, pixel, s.dy, s.n)
		s.storeSums(nil, spare)
		s.free(s.sums...)
		s.free(member...)
		s.free(dy, spare, x, s.dy, s.n)
	})
	s.ret()
}

// groupLanes loads the lanes of each member, for groups of eight in AVX-512.
func (s *depthwiseSums) groupLanes() []*reg {
	if s.members < 8 || !s.is512() {
		return nil
	}
	lanes, table := s.vectors("lanes of member", s.members), s.general("table")
	s.i("MOVQ %s, %s", s.l.field("members"), table)
	for j, r := range lanes {
		s.v("VMOVUPS", table.mem(j*s.memberRow()), r)
	}
	s.free(table)
	return lanes
}

// loadMember loads the vector at x with each lane replaced by member j of its group.
func (s *depthwiseSums) loadMember(x *reg, j int, to *reg, lanes []*reg) {
	m := x.mem(0)
	switch {
	case s.members == 8 && !s.is512():
		s.v("VBROADCASTSS", x.mem(4*j), to)
		return
	case s.mask != nil:
		s.load(m, to)
		m = to.String()
	}
	switch s.members {
	case 8:
		s.v("VPERMPS", m, lanes[j], to)
	case 4:
		s.v("VPERMILPS", fmt.Sprintf("$%#02x", j*0x55), m, to)
	default:
		s.v("VPERMILPS", []string{"$0xa0", "$0xf5"}[j], m, to)
	}
}
