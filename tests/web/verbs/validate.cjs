// Reads a JSON array of replies from standard input; writes, for each, what the validator threw, or null.
'use strict';
const {readFileSync} = require('fs');
const {join} = require('path');
const {validate} = require(join(process.argv[2], 'node_modules', '@jambonz', 'verb-specifications'));

const logger = {info() {}, debug() {}, error() {}};
const verdicts = JSON.parse(readFileSync(0, 'utf8')).map((reply) => {
  try {
    validate(logger, reply);
    return null;
  } catch (error) {
    return String(error.message);
  }
});
process.stdout.write(JSON.stringify(verdicts));
