package engine

import (
	"container/heap"
	"math"
	"slices"
	"sync"
	"time"
)

// forecast is how long a scan will still take. Counting inputs does not tell: the first to be done are those that are dead or
// quick, while the others wait for their turn. So it adds up the work that is left, by what each input under way has taken
// so far and how much of its own work that was, and expects of the others that they take as long as their first answer
// suggests.
type forecast struct {
	slots, inputs int           // hosts scanned, and inputs under way at the same time
	atOnce        int           // steps of one input
	silence       time.Duration // after which a host that does not answer is given up, mostly
	most          time.Duration // for one input; 0 for no limit

	mu       sync.Mutex
	underWay map[*journey]bool
	looked   lengths // of inputs that gave no answer
	met      lengths // until inputs gave their first answer
	scanned  trend   // of inputs that were scanned

	asked time.Time     // when left was last asked for
	told  time.Duration // what it was
}

// journey is one input on its way through the scan.
type journey struct {
	forecast *forecast
	phase    phase
	since    time.Time     // in that phase
	met      time.Duration // until its first answer
	site     *site         // nil before it answered
	places   int           // where an input may have sites
	behind   int           // of them
}

type phase int

// Of each input.
const (
	looking  phase = iota // nothing has answered yet
	queueing              // for a slot
	scanning
)

func (p *Plan) newForecast() *forecast {
	return &forecast{
		slots: p.options.Concurrency, inputs: p.options.Concurrency + p.ahead(), atOnce: p.options.InFlight, silence: p.options.Client.Timeout(), most: p.options.HostTimeout,
		underWay: map[*journey]bool{},
	}
}

// begin is an input from now on. It must be ended.
func (f *forecast) begin(places int) *journey {
	j := &journey{forecast: f, since: time.Now(), places: places}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.underWay[j] = true
	return j
}

// enters says that the input is in another phase from now on.
func (j *journey) enters(next phase) {
	f := j.forecast
	f.mu.Lock()
	defer f.mu.Unlock()
	if j.phase == looking {
		j.met = time.Since(j.since)
		f.met.add(j.met)
	}
	j.phase, j.since = next, time.Now()
}

// at says which of its sites is scanned from now on, and how many places are behind it.
func (j *journey) at(s *site, behind int) {
	j.forecast.mu.Lock()
	defer j.forecast.mu.Unlock()
	j.site, j.behind = s, behind
}

func (j *journey) end() {
	f := j.forecast
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.underWay, j)
	if j.phase == looking {
		f.looked.add(time.Since(j.since))
	} else {
		f.scanned.add(j.met, time.Since(j.since))
	}
}

// left is how long the scan will still take, when so many inputs are not done.
func (f *forecast) left(open int) time.Duration {
	const fresh = 100 * time.Millisecond
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	if since := now.Sub(f.asked); since < fresh {
		return max(0, f.told-since)
	}
	w := &workload{answered: f.met.beyond(0), silent: f.looked.beyond(0), scanned: f.scanned}
	for j := range f.underWay {
		spent := now.Sub(j.since)
		switch j.phase {
		case looking:
			w.look(spent, f.silence, f.met.beyond(spent), f.looked.beyond(spent))
		case queueing:
			w.queueing = append(w.queueing, j.met)
		case scanning:
			w.scan(j.met, spent, f.total(j, now)-spent)
		}
	}
	f.asked, f.told = now, w.takes(max(0, open-len(f.underWay)), f.slots, f.inputs)
	return f.told
}

// total is how long the scan of an input takes, by its share of work that was done when it last advanced, and as much of
// what others took as faintly counts before there is one.
func (f *forecast) total(j *journey, now time.Time) time.Duration {
	const faint = 0.02
	spent, usual := now.Sub(j.since), f.scanned.at(j.met)
	total := max(2*spent, usual, j.site.guess(j.met, f.atOnce))
	if done, next, at := j.share(); done > 0 && at.After(j.since) {
		took := at.Sub(j.since)
		if f.scanned.x.n == 0 {
			usual = times(1/done, took)
		}
		total = times(1/(done+faint), took+times(faint, usual))
		total = max(total, times(1/(next+faint), spent+times(faint, usual))) // it does not advance as it did
	}
	if f.most > 0 {
		total = min(total, f.most)
	}
	return max(spent, total)
}

// share is how much of the work of an input was done when it last advanced, and how much is done the next time.
func (j *journey) share() (done, next float64, at time.Time) {
	if j.site == nil {
		return 0, 0, at
	}
	done, next, at = j.site.share()
	places := float64(max(j.places, j.behind+1))
	return (float64(j.behind) + done) / places, (float64(j.behind) + next) / places, at
}

// guess is how long the planned requests take when all are answered as quickly as the first.
func (s *site) guess(met time.Duration, atOnce int) time.Duration {
	if s == nil {
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return times(float64(s.tally.planned)/float64(max(1, min(s.steps, atOnce))), met)
}

// share is how much of the work of a site was done when it last advanced, and how much is done the next time: planned
// requests that need not be sent any more, and signatures.
func (s *site) share() (done, next float64, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := float64(s.tally.planned) + float64(s.steps)
	if all == 0 {
		return 0, 0, at
	}
	units := float64(s.tally.answered+s.tally.unneeded) + float64(s.ended)
	return units / all, min(all, units+1) / all, s.advanced
}

// workload is what is left to do.
type workload struct {
	answered, silent spans           // until inputs did, or were given up; those under way as far as they can be foreseen
	scanned          trend           // likewise
	queueing         []time.Duration // until the first answers of inputs that wait for a slot
	undecided        spans           // the same for those that may still answer
	looks            time.Duration   // left for those under way
	scans            []time.Duration // likewise, for each
}

// look counts an input that has not answered in a time, by what became of others like it. If there were none it is one
// that will not answer.
func (w *workload) look(spent, silence time.Duration, answered, silent spans) {
	if silent.n == 0 {
		silent.add(max(silence, spent+spent/4))
	}
	answers := answered.n / (answered.n + silent.n)
	w.answered.addPart(answers, answered.mean())
	w.undecided.addPart(answers, answered.mean())
	w.silent.addPart(1-answers, silent.mean())
	w.looks += time.Duration((1 - answers) * float64(silent.mean()-spent))
}

// scan counts an input that is being scanned.
func (w *workload) scan(met, spent, left time.Duration) {
	w.scanned.add(met, spent+left)
	w.scans = append(w.scans, left)
}

// takes is how long all takes, and so many inputs of which nothing is known: until the last scan ends when each that waits
// gets the first slot that becomes free, or as long as it takes to look at all.
func (w *workload) takes(fresh, slots, inputs int) time.Duration {
	answers := 1.0 // share of inputs that answer
	if known := w.answered.n + w.silent.n; known > 0 {
		answers = w.answered.n / known
	}
	coming := spans{}
	coming.addPart(w.undecided.n, w.scanned.at(w.undecided.mean()))
	coming.addPart(answers*float64(fresh), w.scanned.at(w.answered.mean()))
	scans := w.busy(slots)
	for _, met := range w.queueing {
		scans.next(w.scanned.at(met))
	}
	rounds := max(0, math.Ceil(coming.n/float64(slots))-2) // in which all slots are busy anyway
	for range int(math.Round(coming.n - rounds*float64(slots))) {
		scans.next(coming.mean())
	}
	looks := w.looks + times((1-answers)*float64(fresh), w.silent.mean())
	return max(slices.Max(scans)+times(rounds, coming.mean()), looks/time.Duration(inputs))
}

// queue is for how long each slot is taken, the one that becomes free first in front: a heap.
type queue []time.Duration

// busy are the slots with what is under way.
func (w *workload) busy(slots int) queue {
	q := append(make(queue, max(0, slots-len(w.scans)), slots), w.scans...)
	heap.Init(&q)
	return q
}

// next gives the first slot that becomes free to the next input.
func (q queue) next(d time.Duration) {
	q[0] += d
	heap.Fix(&q, 0)
}

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i] < q[j] }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(any)          {} // it never grows
func (q *queue) Pop() any          { return nil }

func times(n float64, d time.Duration) time.Duration { return time.Duration(n * float64(d)) }

// spans are how long inputs took. They count in parts where one is only likely.
type spans struct {
	n   float64
	sum time.Duration
}

func (s *spans) add(d time.Duration) { s.addPart(1, d) }

func (s *spans) addPart(part float64, d time.Duration) { s.n, s.sum = s.n+part, s.sum+times(part, d) }

func (s spans) mean() time.Duration {
	if s.n == 0 {
		return 0
	}
	return time.Duration(float64(s.sum) / s.n)
}

// lengths are spans by their length: each class reaches a fifth further than the one before, from a millisecond to a minute.
type lengths [64]spans

func classOf(d time.Duration) int {
	if d <= time.Millisecond {
		return 0
	}
	return min(int(4*math.Log2(float64(d)/float64(time.Millisecond))), len(lengths{})-1)
}

func (l *lengths) add(d time.Duration) { l[classOf(d)].add(d) }

// beyond are those of that length and longer ones.
func (l *lengths) beyond(d time.Duration) (all spans) {
	for _, s := range l[classOf(d):] {
		all.n, all.sum = all.n+s.n, all.sum+s.sum
	}
	return all
}

// trend is how one time grows with another, by the least squares of their difference from a line.
type trend struct {
	x, y   spans
	xx, xy float64 // sums of products, in square seconds
}

func (t *trend) add(x, y time.Duration) {
	t.x.add(x)
	t.y.add(y)
	t.xx += x.Seconds() * x.Seconds()
	t.xy += x.Seconds() * y.Seconds()
}

// at is y where x is known. It does not fall.
func (t *trend) at(x time.Duration) time.Duration {
	meanX, meanY := t.x.mean(), t.y.mean()
	n := max(1, t.x.n)
	varies := t.xx/n - meanX.Seconds()*meanX.Seconds()
	if varies < 1e-6 {
		return meanY
	}
	slope := max(0, (t.xy/n-meanX.Seconds()*meanY.Seconds())/varies)
	return max(0, meanY+time.Duration(slope*float64(x-meanX)))
}
