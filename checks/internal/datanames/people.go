package datanames

import "regexp"

// people are names of databases, collections, topics and folders that say that a person is meant by each of their entries.
var people = words(`(customers?|members?|patients?|employees?|students?|teachers?|subscribers?|applicants?|citizens?|residents?|voters?|donors?|guests?|persons?|people|staff)`,
	`(users?|contacts|clients|accounts|profiles)`, `(client[e]s?|usuarios?|pacientes?|empleados?|alumnos?|pessoas?|personas?)`,
	`(kaiin|kokyaku|shain|kanja|seito|riyousha|riyosha|meibo|koukyaku)`, `(passports?|resumes?|payroll|salar(y|ies)|credit_?cards?)`)

var peopleWritten = regexp.MustCompile(`会員|顧客|社員|患者|生徒|利用者|名簿|個人情報|客户|用户|会员|회원|고객`)

// notPeople hold such a word and mean something else: what programs call their own users, agents and clients.
var notPeople = words(`(user|client|account|member|staff|contact|profile)_?(agents?|groups?|roles?|settings?|config(uration)?s?|types?|polic(y|ies)|permissions?|tokens?|sessions?|ids?)`,
	`(cluster|team|group|raft|set)_members?`, `(service|system)_(accounts?|users?)`, `k?vm?_?guests?`)

// People reports whether a database, collection, topic or folder is named after people.
func People(name string) bool {
	if peopleWritten.MatchString(name) {
		return true
	}
	n := asWords(name)
	return people.MatchString(n) && !notPeople.MatchString(n)
}
