// What one document holds, as JSON. It runs in a world of its own, so nothing that the page does to its objects changes it.
// Values of fields, storage and cookies are not read.
async function (...closed) {
	const limit = 200000, most = 500;
	const out = { forms: [], scripts: [], local: [], session: [], databases: [], caches: [], policy: false, cut: false };
	const short = s => String(s ?? "").slice(0, 200);
	const fields = globalThis.sotomiFields = [];
	const forms = globalThis.sotomiForms = [];
	const hidden = e => {
		const r = e.getBoundingClientRect();
		return r.width < 2 || r.height < 2 || r.right < 0 || r.bottom + scrollY < 0 || !e.checkVisibility({ opacityProperty: true, visibilityProperty: true });
	};
	const mark = text => {
		let sum = 0;
		for (let i = 0; i < text.length; i++) sum = (sum * 31 + text.charCodeAt(i)) | 0;
		return text.length + ":" + sum;
	};
	const label = e => {
		const found = e.labels && e.labels[0] ? e.labels[0].textContent : "";
		return short((found || e.getAttribute("aria-label") || e.getAttribute("placeholder") || "").trim().replace(/\s+/g, " "));
	};
	const formOf = e => {
		if (e.form) return e.form;
		for (let n = e; n; n = n.parentNode || n.host) if (n instanceof HTMLFormElement) return n;
		return null;
	};
	const known = new Map();
	const group = form => {
		if (known.has(form)) return known.get(form);
		const get = Object.getOwnPropertyDescriptor(HTMLFormElement.prototype, "method").get;
		const f = form
			? { action: new URL(form.getAttribute("action") || "", document.baseURI || location.href).href, method: get.call(form).toUpperCase(), hidden: hidden(form), fields: [] }
			: { action: "", method: "", hidden: false, fields: [] };
		known.set(form, f);
		out.forms.push(f);
		forms.push(form);
		return f;
	};
	const see = e => {
		const name = e.localName;
		if (name === "form" && out.forms.length < most) {
			try { group(e); } catch { out.cut = true; }
		} else if (name === "input" || name === "textarea" || name === "select" || e.isContentEditable && e.getAttribute("contenteditable") !== null) {
			if (fields.length >= most) { out.cut = true; return; }
			let f;
			try { f = group(formOf(e)); } catch { f = group(null); }
			f.fields.push({
				name: short(e.getAttribute("name")), id: short(e.getAttribute("id")), type: short(name === "input" ? e.getAttribute("type") || "text" : name),
				autocomplete: short(e.getAttribute("autocomplete")), label: label(e), index: fields.length,
			});
			fields.push(e);
		} else if (name === "script" && out.scripts.length < 1000) {
			const src = e.getAttribute("src");
			let url = "";
			try { if (src !== null) url = new URL(src, document.baseURI).href; } catch { url = src; }
			out.scripts.push({ url, type: short(e.getAttribute("type")), integrity: short(e.getAttribute("integrity")), nonce: !!(e.nonce || e.getAttribute("nonce")), mark: src === null ? mark(e.textContent) : "" });
		} else if (name === "meta" && /^content-security-policy$/i.test(e.getAttribute("http-equiv") || "")) {
			out.policy = out.policy || /(^|;)\s*(default|script)-src/i.test(e.getAttribute("content") || "");
		}
	};
	let seen = 0;
	const roots = [document, ...closed];
	for (let i = 0; i < roots.length; i++) {
		const walk = document.createTreeWalker(roots[i], NodeFilter.SHOW_ELEMENT);
		for (let e = walk.nextNode(); e; e = walk.nextNode()) {
			if (++seen > limit) { out.cut = true; break; }
			if (e.shadowRoot) roots.push(e.shadowRoot);
			see(e);
		}
	}
	const names = s => { const list = []; for (let i = 0; i < s.length && i < most; i++) list.push(short(s.key(i))); return list; };
	try { out.local = names(localStorage); } catch {}
	try { out.session = names(sessionStorage); } catch {}
	const soon = p => Promise.race([p, new Promise(done => setTimeout(done, 500, []))]);
	try { out.databases = (await soon(indexedDB.databases())).slice(0, most).map(d => short(d.name)); } catch {}
	try { out.caches = (await soon(caches.keys())).slice(0, most).map(short); } catch {}
	return JSON.stringify(out);
}
