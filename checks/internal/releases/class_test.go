package releases

import "testing"

func TestClassOf(t *testing.T) {
	for name, want := range map[string]Class{
		"package.json": ClassManifest, "README.md": ClassManifest,
		"html/install/css/a.css": ClassInstaller, "html/template/install/img/a.png": ClassInstaller,
		"html/img/a.PNG": ClassImage, "html/fonts/a.woff2": ClassImage, "html/favicon.ico": ClassImage, "html/a.pdf": ClassImage,
		"html/js/a.js": ClassScript, "html/css/a.css": ClassScript, "html/installer/a.js": ClassScript, "html/a.txt": ClassScript,
	} {
		if got := ClassOf(name); got != want {
			t.Errorf("%s: class %d, want %d", name, got, want)
		}
	}
}
