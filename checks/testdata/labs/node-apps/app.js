// A shop of Express. In development it lists its files and shows its interface. usage: node app.js PORT WORK
const express = require("express");
const serveIndex = require("serve-index");

const [port, work] = process.argv.slice(2);
const app = express();
app.get("/", (request, response) => response.send("<html><title>Shop</title><h1>Shop</h1></html>"));
app.use("/files", express.static(work + "/files"));
if (app.get("env") === "development") {
	app.use("/files", serveIndex(work + "/files", { icons: true }));
	app.use("/swagger-ui", express.static(work + "/swagger-ui"));
}
app.listen(Number(port), "127.0.0.1");
