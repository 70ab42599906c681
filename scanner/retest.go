package scanner

import (
	"time"

	"sotomi/scanner/message"
)

// Retest is what looking at a finding again came to.
type Retest struct {
	Result   RetestResult
	Time     time.Time       // UTC
	Reason   message.Message // what was seen, or why it could not be told
	Requests int             // answers that its signature looked at; 0 when nothing was asked
}

// RetestResult is whether a finding is still there.
type RetestResult string

// What a retest can come to.
const (
	RetestFixed       RetestResult = "fixed"       // asked again, answered by the site itself, and no longer there
	RetestRemaining   RetestResult = "remaining"   // still there
	RetestUnconfirmed RetestResult = "unconfirmed" // nobody can tell: blocked, unreachable, led elsewhere ...
	RetestTargetGone  RetestResult = "target-gone" // the name of its host no longer exists
)

// RetestResults are all of them, in the order in which people want to read them.
var RetestResults = []RetestResult{RetestRemaining, RetestUnconfirmed, RetestTargetGone, RetestFixed}
