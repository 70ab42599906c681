package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"

	"sotomi/scanner"
	"sotomi/scanner/message"
)

// maxOccurrences is how many places of a product are listed.
const maxOccurrences = 100

// NewCycloneDX writes an inventory in CycloneDX 1.6: the products that could be seen from outside, with their versions as far
// as they are known, and where. It is never complete, and says so.
func NewCycloneDX(w io.Writer, _ Options) scanner.Sink {
	return &inventory{w: w, by: map[string]int{}}
}

// inventory keeps each product in each version once.
type inventory struct {
	scanner.Discard
	w          io.Writer
	start      scanner.Start
	by         map[string]int // index of a component
	components []cyclonedx.Component
	places     []int // of each component, also those that are not listed
}

func (i *inventory) Start(s scanner.Start) error {
	i.start = s
	return nil
}

func (i *inventory) Finding(f scanner.Finding) error {
	for _, p := range productsOf(f) {
		if p.Name != "" {
			i.add(p, f)
		}
	}
	return nil
}

// add notes where a product was seen.
func (i *inventory) add(p product, f scanner.Finding) {
	key := strings.ToLower(strings.Join([]string{p.Name, p.Version, p.Range}, "\x00"))
	at, ok := i.by[key]
	if !ok {
		at = len(i.components)
		i.by[key] = at
		i.components = append(i.components, componentOf(p, at))
		i.places = append(i.places, 0)
	}
	c := &i.components[at]
	certainty := string(scanner.Confirmed)
	if f.Hit.Certainty == scanner.Possible {
		certainty = string(scanner.Possible)
	}
	if properties := *c.Properties; certainty == string(scanner.Confirmed) { // the surest of all places
		properties[0].Value = certainty
	}
	place := cyclonedx.EvidenceOccurrence{Location: message.Line(f.Hit.URL), AdditionalContext: message.Line(f.Signature.ID) + " (" + certainty + ")"}
	for _, known := range *c.Evidence.Occurrences {
		if known.Location == place.Location && known.AdditionalContext == place.AdditionalContext {
			return
		}
	}
	if i.places[at]++; i.places[at] <= maxOccurrences {
		*c.Evidence.Occurrences = append(*c.Evidence.Occurrences, place)
	}
}

func componentOf(p product, at int) cyclonedx.Component {
	c := cyclonedx.Component{
		BOMRef: fmt.Sprint("product-", at+1), Type: cyclonedx.ComponentTypeApplication, Name: p.Name, Version: p.Version,
		Properties: &[]cyclonedx.Property{{Name: "sotomi:certainty", Value: string(scanner.Possible)}},
		Evidence:   &cyclonedx.Evidence{Occurrences: &[]cyclonedx.EvidenceOccurrence{}},
	}
	if p.Library {
		c.Type = cyclonedx.ComponentTypeLibrary
	}
	if p.Range != "" {
		*c.Properties = append(*c.Properties, cyclonedx.Property{Name: "sotomi:versions", Value: p.Range})
	}
	c.CPE, c.PackageURL = p.names()
	return c
}

func (i *inventory) Close(s scanner.Summary) error {
	bom := cyclonedx.NewBOM()
	bom.SerialNumber = "urn:uuid:" + uuidOf(i.start.Time.UTC().Format(time.RFC3339)+" "+strings.Join(i.start.Targets, " "))
	bom.Metadata = &cyclonedx.Metadata{
		Lifecycles: &[]cyclonedx.Lifecycle{{Phase: cyclonedx.LifecyclePhaseDiscovery}},
		Tools:      &cyclonedx.ToolsChoice{Components: &[]cyclonedx.Component{{Type: cyclonedx.ComponentTypeApplication, Name: "sotomi", Version: message.Line(i.start.Version)}}},
		Properties: &[]cyclonedx.Property{
			{Name: "sotomi:targets", Value: strings.Join(printable(i.start.Targets), " ")}, {Name: "sotomi:complete", Value: fmt.Sprint(complete(s))},
		},
	}
	if !i.start.Time.IsZero() {
		bom.Metadata.Timestamp = i.start.Time.UTC().Format(time.RFC3339)
	}
	components := orEmpty(i.components)
	for at := range components {
		if more := i.places[at] - maxOccurrences; more > 0 {
			properties := components[at].Properties
			*properties = append(*properties, cyclonedx.Property{Name: "sotomi:more-places", Value: fmt.Sprint(more)})
		}
	}
	bom.Components = &components
	bom.Compositions = &[]cyclonedx.Composition{{Aggregate: cyclonedx.CompositionAggregateIncomplete}}
	out := &printed{to: i.w}
	if err := cyclonedx.NewBOMEncoder(out, cyclonedx.BOMFileFormatJSON).SetPretty(true).SetEscapeHTML(false).EncodeVersion(bom, cyclonedx.SpecVersion1_6); err != nil {
		return err
	}
	return out.flush()
}

// printed keeps JSON that an encoder writes and hands it on fit for a terminal.
type printed struct {
	to   io.Writer
	text []byte
}

func (p *printed) Write(text []byte) (int, error) {
	p.text = append(p.text, text...)
	return len(text), nil
}

func (p *printed) flush() error {
	_, err := p.to.Write(message.PrintableJSON(p.text))
	return err
}
