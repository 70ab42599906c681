package template

import (
	"context"

	"sotomi/scanner"
	"sotomi/scanner/target"
	"sotomi/scanner/web"
)

// Plan is the requests that are known before any response: those that use nothing extracted from earlier ones.
func (c *check) Plan(t target.Target) []*web.Request { return c.plan(&scanner.Probe{Target: t}, true) }

// PlanPerTarget is Plan without those that are the same for every target.
func (c *check) PlanPerTarget(t target.Target) []*web.Request {
	return c.plan(&scanner.Probe{Target: t}, false)
}

// Narrow is Plan for a target that is known to have these addresses.
func (c *check) Narrow(t target.Target, addresses []string) []*web.Request {
	if !c.separable {
		return nil
	}
	return c.plan(&scanner.Probe{Target: t, Only: addresses}, true)
}

func (c *check) plan(p *scanner.Probe, constant bool) []*web.Request {
	v := c.newRun(p, true)
	if v.mistake != nil {
		return nil
	}
	var list []*web.Request
	size := 0
	for _, b := range c.blocks {
		b, err := v.bound(context.Background(), b)
		if err != nil {
			continue
		}
		for d := range v.templates(b) {
			if !constant && v.constant(b, d) != nil {
				continue
			}
			built, err := v.build(b, d, nil)
			if err != nil || v.outside(built.request) != "" {
				continue
			}
			if size += sizeOf(built.request); size > maxPlanned {
				return list
			}
			list = append(list, built.request)
		}
	}
	return list
}

// maxPlanned bounds the requests of a template that are in memory at once, in bytes. Those behind them are made when they
// are sent.
const maxPlanned = 16 << 20

// sizeOf is about what a request takes in memory besides its fixed parts.
func sizeOf(r *web.Request) int {
	n := len(r.URL.Path) + len(r.URL.RawQuery) + len(r.Body)
	for name, values := range r.Header {
		for _, value := range values {
			n += len(name) + len(value)
		}
	}
	return n
}
