package browser

import (
	"strings"

	"sotomi/scanner/message"
)

// What could not be seen, as Look.Unseen has it.
const (
	unseenFrame     = "A frame could not be read: %s"
	unseenContent   = "What a frame holds could not be read: %s"
	unseenRest      = "A document holds more than is looked at: %s"
	unseenShadow    = "Closed parts of the page (shadow roots) were not looked for."
	unseenHidden    = "Whether a frame is hidden could not be seen: %s"
	unseenPicture   = "No picture of the page could be taken."
	unseenGiven     = "No picture is taken of what a log-in, a header or a certificate shows."
	unseenCookies   = "The names of cookies could not be read."
	unseenFields    = "There are more fields for card data than are looked at: %s"
	unseenListeners = "Who listens to a field for card data could not be seen: %s"
	unseenRequests  = "The page makes more requests than are kept."
	unseenOnwards   = "The page leads on to another address again and again."
	unseenWindows   = "The page opens more windows than are kept."
	unseenScripts   = "More scripts ran than are kept."
	unseenSheets    = "The page has more style sheets than are read."
	unseenLarge     = "The source of a script or style sheet was too large to be read."
	unseenSources   = "The source of some scripts could not be read; their number: %s"
	unseenViews     = "There are more frames and workers than are looked at; the others were not started."
	unseenCrash     = "A part of the page crashed: %s"
	unseenLate      = "The page did not come to rest in time."
	unseenEndless   = "A script of the page never ended and was stopped."
	unseenRefused   = "A connection was refused, for no request to that host was let through: %s"
)

// Why a request was not sent, as Request.Held has it, unless that is an error.
const (
	heldMethod  = "It could change something."
	heldForm    = "Forms are not sent."
	heldSocket  = "Sockets are not opened."
	heldWindow  = "Windows are not opened."
	heldMany    = "The page makes too many requests."
	heldPort    = "Its port is one of another protocol."
	heldOnwards = "The page leads on too often."
	heldOther   = "It leads to a host that is not asked."
)

// InWords is a text of Look.Unseen or Request.Held as a message, which has a translation.
func InWords(text string) message.Message {
	for _, m := range []message.Message{
		message.New(unseenGiven), message.New(heldOther),
		message.New(unseenFrame, ""), message.New(unseenContent, ""), message.New(unseenRest, ""), message.New(unseenShadow), message.New(unseenHidden, ""),
		message.New(unseenPicture), message.New(unseenCookies), message.New(unseenFields, ""), message.New(unseenListeners, ""), message.New(unseenRequests),
		message.New(unseenOnwards), message.New(unseenWindows), message.New(unseenScripts), message.New(unseenSheets), message.New(unseenLarge), message.New(unseenSources, ""),
		message.New(unseenViews), message.New(unseenCrash, ""), message.New(unseenLate), message.New(unseenEndless), message.New(unseenRefused, ""),
		message.New(heldMethod), message.New(heldForm), message.New(heldSocket), message.New(heldWindow), message.New(heldMany), message.New(heldPort), message.New(heldOnwards),
	} {
		before, more := strings.CutSuffix(m.Format, "%s")
		switch what, found := strings.CutPrefix(text, before); {
		case more && found:
			m.Args = []any{what}
			return m
		case text == m.Format:
			return m
		}
	}
	return message.New("%s", text)
}
