package data

import (
	"testing"
	"testing/synctest"
)

// TestGate counts the workers that run: two while they keep up with the demand, all while the consumer waits.
func TestGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g gate
		g.init(0, 4)
		work := make(chan struct{})
		stop := false
		for range 6 {
			go func() {
				for {
					g.enter()
					<-work
					g.leave()
					if stop {
						return
					}
				}
			}()
		}
		check := func(what string, limit, working int) {
			t.Helper()
			synctest.Wait()
			if g.limit != limit || g.working != working {
				t.Errorf("%s: %d of %d work, want %d of %d", what, g.working, g.limit, working, limit)
			}
		}
		check("at first", 1, 1)
		g.starve(false)
		check("the first wait", 1, 6)
		g.fed()
		for range 6 {
			work <- struct{}{}
		}
		check("fed", 1, 1)
		for _, want := range []int{2, 3, 4, 4} {
			g.starve(true)
			check("a wait", want, 6)
			g.fed()
		}
		for range 6 {
			work <- struct{}{}
		}
		check("fed", 4, 4)
		for _, want := range []int{3, 2, 1, 1} {
			g.full()
			for range 4 {
				work <- struct{}{}
				synctest.Wait()
			}
			check("full", want, want)
		}
		synctest.Wait()
		stop = true
		close(work)
	})
}
