package releases

// delivery is what became of all files of a site on the way from the package to us. It is one for the whole site: an upload
// that changes line ends changes them everywhere.
type delivery int

const (
	asReleased delivery = iota
	crlfEnds            // the lines of all text end in CRLF
	anyEnds             // line ends say nothing
	rewritten           // scripts and style sheets lose or gain comments and white space
	deliveries
)

// deliveryPrior is how likely each is before anything was seen. Below a candidateRatio-th of the first, so that a delivery
// makes no candidates by itself; far enough above 0 that what would tell is asked for.
var deliveryPrior = [deliveries]float64{asReleased: 1, crlfEnds: 0.01, anyEnds: 0.002, rewritten: 0.002}

// oddForm is how likely an owner's change to a file is one of line ends, comments or white space alone.
const oddForm = 0.05

// fits are the releases that have the content of an answer if the site's files came by a delivery.
func (d *Database) fits(a Answer, by delivery) Set {
	f := &d.Files[a.File]
	switch {
	case by == asReleased || f.Class == ClassImage || isImage(f.Path):
		return d.having(a, func(v Variant) bool { return v.Bytes == a.Bytes })
	case by == crlfEnds && (a.Ends == EndsLF || a.Ends == EndsMixed):
		return newSet(len(d.Releases))
	case by == rewritten && a.Loose && d.having(a, func(v Variant) bool { return v.Bytes == a.Bytes }).Count() > 0:
		return newSet(len(d.Releases)) // it was not
	case by == rewritten:
		return d.having(a, func(v Variant) bool { return v.Code == a.Code })
	}
	return d.having(a, func(v Variant) bool { return v.Text == a.Text })
}

// anyForm are the releases with a content that is the answer's in one of its forms.
func (d *Database) anyForm(a Answer) Set {
	return d.having(a, func(v Variant) bool {
		return v.Bytes == a.Bytes || v.Text == a.Text && !isImage(d.Files[a.File].Path) || v.Code == a.Code
	})
}

// having are the releases with a content that is the answer's.
func (d *Database) having(a Answer, same func(Variant) bool) Set {
	set := newSet(len(d.Releases))
	if a.Missing {
		return set
	}
	for _, v := range d.Files[a.File].Variants {
		if same(v) {
			set = set.union(v.Releases)
		}
	}
	return set
}

// column is where the answer of a release with variant i of a file is expected among the contents that can be told apart, if
// the site's files came by a delivery: bytes first, then texts in another form, then codes.
func (f *File) column(i int, by delivery) int {
	n := len(f.Variants)
	v := f.Variants[i]
	if by == asReleased || isImage(f.Path) {
		return i
	}
	first := i
	for j, other := range f.Variants {
		same := other.Text == v.Text
		if by == rewritten {
			same = other.Code == v.Code
		}
		if same {
			first = min(first, j)
			if by == crlfEnds && other.Bytes != other.Text || by == anyEnds && other.Bytes == other.Text {
				return j
			}
		}
	}
	if by == rewritten {
		return 2*n + first
	}
	return n + first
}
