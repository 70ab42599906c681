package browser

// Profile is the folder of the browser.
func (b *Browser) Profile() string { return b.profile }
