package scanner

import (
	"context"
	"fmt"

	"sotomi/scanner/message"
	"sotomi/scanner/signature"
	"sotomi/scanner/target"
	"sotomi/scanner/web"
)

// Check looks at one target for one signature. The same value runs for many targets at once, so it holds no state of a
// target.
//
// No hit and no error means clean. An error means that it could not tell: a *StatusError says how the Outcome reads, a
// *web.Error becomes unreachable, throttled and so on, and any other error becomes failed.
type Check interface {
	Run(ctx context.Context, p *Probe) ([]Hit, error)
}

// Planner is a Check whose requests are known before it runs. The engine sends identical requests of many signatures once,
// and forgets the answer when the last of them has seen it; --dry-run prints them.
type Planner interface {
	Plan(t target.Target) []*web.Request
}

// PerTargetPlanner is a Planner that can leave out the requests that differ from target to target in the host alone.
type PerTargetPlanner interface {
	PlanPerTarget(t target.Target) []*web.Request
}

// Narrower is a Check that may ask for some of its addresses only (Probe.Only). Narrow is what it would ask a target for that has
// these addresses (path and query) among others; nothing when what it says of one depends on another.
type Narrower interface {
	Narrow(t target.Target, addresses []string) []*web.Request
}

// Handshaker is a Check that may look at nothing but the TLS handshake; Handshaker reports whether it does. It runs even
// where a site cannot be scanned because its certificate is not accepted.
type Handshaker interface {
	Handshaker() bool
}

// Place is where on a target a check looks.
type Place int

// Where checks look.
const (
	PlaceTarget  Place = iota // it decides itself, given the target's own page
	PlaceFolders              // below the folder of the target's page and each folder above it, once each
	PlacePages                // at the target's own page, and at the folders
	PlacePorts                // at ports: the target is tcp://HOST, or tcp://HOST:PORT where the user named one; no other check looks there
)

// Placed is a Check that may look at several places of a target: it runs once for each, with Probe.Target.URL set to the
// place. Folders end in "/".
type Placed interface {
	Place() Place
}

// PortClaimer is a Check at ports that is about some of them; what no signature claims is told by one for all others. It runs after
// all other checks at the ports of a host, and sees where these have told more (Port.Told).
type PortClaimer interface {
	Claims(p Port) bool
}

// Loner is a Check that may have to be alone: what others ask for at the same moment would spoil its comparisons. Where
// Alone reports so, it runs after all others on its target, and nothing else runs on the host meanwhile.
type Loner interface {
	Alone() bool
}

// Factory makes the check of one signature, or says what is wrong with its parameters (file and line in the error).
type Factory func(s *signature.Signature) (Check, error)

// Table maps the names that signatures write in check: to factories; "http" serves those with http: blocks.
type Table map[string]Factory

// StatusError ends a check with the status that it names.
type StatusError struct {
	Status Status
	Reason message.Message // without a full stop
}

func (s *StatusError) Error() string { return fmt.Sprintf("%s: %s", s.Status, s.Reason) }

// Message is the reason with the status before it.
func (s *StatusError) Message() message.Message {
	return message.New("%s: %s", string(s.Status), s.Reason)
}

// End is a StatusError with a reason, given as a format with its arguments; "" is none.
func End(status Status, format string, a ...any) *StatusError {
	return &StatusError{Status: status, Reason: message.New(format, a...)}
}

// NotApplicable ends a check that has nothing to look at.
func NotApplicable(format string, a ...any) error {
	return End(StatusNotApplicable, format, a...)
}

// Unsupported ends a check that sotomi cannot run; the message names the missing feature.
func Unsupported(format string, a ...any) error {
	return End(StatusUnsupported, format, a...)
}

// Undetermined ends a check that ran but could not tell.
func Undetermined(format string, a ...any) error {
	return End(StatusFailed, format, a...)
}

// Blocked ends a check whose probes a filter refused.
func Blocked(format string, a ...any) error {
	return End(StatusBlocked, format, a...)
}
