package command

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"sotomi/checks"
	"sotomi/scanner"
	"sotomi/scanner/engine"
	"sotomi/scanner/message"
	"sotomi/scanner/payment"
	"sotomi/scanner/signature"
	"sotomi/scanner/target"
	"sotomi/scanner/triage"
	"sotomi/scanner/web"
	"sotomi/signatures"
)

// order is what a worker needs to make the plan that the coordinator has made. It holds secrets, so it is in no file and no log.
type order struct {
	SignatureSet string // that the worker must come to

	Args, Lists, ExcludeHosts []string // targets as the user wrote them, and the lists that are in the bundle

	NoDefaultSignatures, SkipBroken bool
	Signatures, TemplateRoots       []orderFolder

	Filter              signature.Filter
	Safety              signature.Safety
	Wordlist            string
	CrawlPages          int
	NoFollow, HashNames bool
	HostTimeout         time.Duration
	Numbers             []int // of ports
	UsualPorts, NoPorts bool
	Pages               []string
	Visitors            []orderVisitor
	ExpectedPorts       string // name of the file that is in the bundle; "" for none
	Rate                float64
	InFlight, Retries   int
	Timeout             time.Duration
	Proxy               string
	Resolve             map[string]string
	CAFile, ClientCert  string
	CA, Key             []byte
	Insecure            bool
	UserAgent           string
	Header              http.Header
	Secrets             []string
	PaymentPages        []string
	PaymentName         string // of the file of approvals; "" for none
	PaymentText         []byte
	NoChromium          bool // pages are shown in no browser
}

// orderFolder is a folder of signatures: as the user named it, and where it is in the bundle.
type orderFolder struct{ Name, At string }

type orderVisitor struct {
	Name    string
	Carried []byte
}

// order is what workers are sent of a scan: secrets, and files.
func (j *job) order(s *settings, args []string) (secret, bundle []byte, err error) {
	w, o := j.web, j.options
	text := order{
		SignatureSet: j.signatureSet, Args: args, Lists: s.taken.names, ExcludeHosts: s.list("exclude-host", s.file.ExcludeHost),
		NoDefaultSignatures: s.yes("no-default-signatures", s.file.NoDefaultSignatures), SkipBroken: s.yes("skip-broken", s.file.SkipBroken),
		Signatures: foldersOf(s.list("signatures", s.file.Signatures)), TemplateRoots: foldersOf(s.list("template-root", s.file.TemplateRoot)),
		Filter: s.filter(signature.SafetyIntrusive), Safety: o.Safety, Wordlist: o.Wordlist, CrawlPages: o.CrawlPages, NoFollow: o.NoFollow, HashNames: o.HashNames,
		HostTimeout: o.HostTimeout, Numbers: o.Ports.Numbers, UsualPorts: o.Ports.Usual, NoPorts: o.Ports.None, ExpectedPorts: s.taken.portsName,
		Rate: w.Rate, InFlight: w.InFlight, Retries: w.Retries, Timeout: w.Timeout, Resolve: w.Resolve, CAFile: w.CAFile, ClientCert: w.ClientCert,
		Insecure: w.Insecure, UserAgent: w.UserAgent, Header: w.Header, Secrets: s.secrets,
	}
	if w.Proxy != nil {
		text.Proxy = w.Proxy.String()
	}
	for _, p := range o.Pages {
		text.Pages = append(text.Pages, p.String())
	}
	for _, p := range o.Payment.Pages {
		text.PaymentPages = append(text.PaymentPages, p.String())
	}
	text.PaymentName, text.PaymentText, text.NoChromium = s.taken.paysName, s.taken.pays, o.Chromium == engine.NoChromium
	for _, v := range o.Visitors {
		carried, err := v.Credentials.Carry()
		if err != nil {
			return nil, nil, err
		}
		text.Visitors = append(text.Visitors, orderVisitor{v.Name, carried})
	}
	var err1, err2, err3, err4 error
	text.CA, err1 = pemOf(w.CAFile)
	text.Key, err2 = pemOf(w.ClientCert)
	secret, err3 = json.Marshal(text)
	bundle, err4 = s.taken.bundle()
	return secret, bundle, errors.Join(err1, err2, err3, err4)
}

func pemOf(name string) ([]byte, error) {
	if name == "" {
		return nil, nil
	}
	return readFile(name, maxSettings)
}

func foldersOf(names []string) []orderFolder {
	var list []orderFolder
	for _, name := range names {
		list = append(list, orderFolder{name, inBundle(name)})
	}
	return list
}

// plan makes the coordinator's plan on this machine.
func (o *order) plan(files *unpacked, local localFlags) (*engine.Plan, *web.Client, *target.List, error) {
	stdin, open := o.lists(files)
	targets, err1 := target.Parse(o.Args, stdin, open)
	set, selected, err2 := o.signatures(files)
	clientOptions, err3 := o.web(local)
	options, err4 := o.engine(files)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return nil, nil, nil, err
	}
	if err := targets.Exclude(o.ExcludeHosts); err != nil {
		return nil, nil, nil, err
	}
	clientOptions.Exclude = targets.ExcludedAddress
	client, err := web.NewClient(clientOptions)
	if err != nil {
		return nil, nil, nil, err
	}
	options.Client, options.Targets, options.Concurrency = client, targets, local.concurrency
	options.Signatures, options.Helpers = selected, set.Helpers(selected)
	plan, err := engine.NewPlan(options)
	if err != nil {
		client.Close()
	}
	return plan, client, targets, err
}

// lists are where the targets are read from.
func (o *order) lists(files *unpacked) (stdin io.Reader, open func(string) (io.ReadCloser, error)) {
	open = func(name string) (io.ReadCloser, error) { return files.list(o.Lists, name) }
	stdin = strings.NewReader("")
	if f, err := open("-"); err == nil {
		stdin = f
	}
	return stdin, open
}

// signatures are those of the scan. The error says that they are not those of the coordinator.
func (o *order) signatures(files *unpacked) (*signature.Set, []*signature.Signature, error) {
	src := signature.Sources{SkipBroken: o.SkipBroken}
	if !o.NoDefaultSignatures {
		src.Embedded = checks.WithImported(signatures.FS)
	}
	for _, f := range o.Signatures {
		src.Folders = append(src.Folders, files.at(f.At))
	}
	for _, f := range o.TemplateRoots {
		src.TemplateRoots = append(src.TemplateRoots, files.at(f.At))
	}
	set, err := signature.Load(src)
	if err != nil {
		return nil, nil, err
	}
	if own := setName(set); own != o.SignatureSet {
		return nil, nil, message.Errorf("the coordinator has other signatures: %s there, %s here", o.SignatureSet, own)
	}
	selected, err := set.Select(o.Filter)
	if err == nil && o.SkipBroken {
		breakBroken(selected)
	}
	return set, selected, err
}

// named gives texts the names that the user's folders have on the coordinator.
func (o *order) named(files *unpacked) *strings.Replacer {
	var pairs []string
	for _, f := range append(append([]orderFolder(nil), o.Signatures...), o.TemplateRoots...) {
		pairs = append(pairs, files.at(f.At), filepath.Clean(f.Name))
	}
	return strings.NewReplacer(pairs...)
}

func (o *order) web(local localFlags) (web.Options, error) {
	w := web.Options{
		Rate: o.Rate, InFlight: o.InFlight, Retries: o.Retries, Timeout: o.Timeout, Resolve: o.Resolve, CAFile: o.CAFile, CA: o.CA,
		ClientCert: o.ClientCert, Key: o.Key, Insecure: o.Insecure, UserAgent: o.UserAgent, Header: o.Header, Secrets: o.Secrets,
		May: mayLeave, Total: local.egress,
	}
	if o.Proxy == "" {
		return w, nil
	}
	var err error
	w.Proxy, err = parseProxy(o.Proxy)
	return w, err
}

func (o *order) engine(files *unpacked) (engine.Options, error) {
	filter := o.Filter
	options := engine.Options{
		Checks: checks.All, Safety: o.Safety, Wordlist: o.Wordlist, CrawlPages: o.CrawlPages, InFlight: o.InFlight, NoFollow: o.NoFollow, HashNames: o.HashNames,
		HostTimeout: o.HostTimeout, Ports: engine.Ports{Numbers: o.Numbers, Usual: o.UsualPorts, None: o.NoPorts},
		Wanted: func(f scanner.Finding) bool { return filter.Wants(f.Signature, f.Severity) },
	}
	var err1, err2, err3 error
	options.Pages, err1 = parseAll(o.Pages)
	options.Payment.Pages, err2 = parseAll(o.PaymentPages)
	if o.PaymentName != "" {
		options.Payment.Approved, err3 = payment.Read(o.PaymentName, o.PaymentText)
	}
	if err := errors.Join(err1, err2, err3); err != nil {
		return options, err
	}
	if o.NoChromium {
		options.Chromium = engine.NoChromium
	}
	for _, v := range o.Visitors {
		credentials, err := web.CarriedCredentials(v.Carried)
		if err != nil {
			return options, err
		}
		options.Visitors = append(options.Visitors, engine.Visitor{Name: v.Name, Credentials: credentials})
	}
	rules := &triage.Rules{Now: time.Now().UTC()}
	options.Ports.Unlisted = rules.Unlisted
	if o.ExpectedPorts == "" {
		return options, nil
	}
	var text bytes.Buffer
	f, err := files.files.Open(bundleExpected)
	if err == nil {
		_, err = text.ReadFrom(f)
		err = errors.Join(err, f.Close(), rules.ReadExpected(o.ExpectedPorts, text.Bytes()))
	}
	return options, err
}

func parseAll(addresses []string) ([]*url.URL, error) {
	var list []*url.URL
	for _, text := range addresses {
		u, err := url.Parse(text)
		if err != nil {
			return nil, err
		}
		list = append(list, u)
	}
	return list, nil
}
