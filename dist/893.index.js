export const id = 893;
export const ids = [893];
export const modules = {

/***/ 1893:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {


// EXPORTS
__webpack_require__.d(__webpack_exports__, {
  GitHubComments: () => (/* binding */ GitHubComments)
});

// EXTERNAL MODULE: ./src/errors.ts
var errors = __webpack_require__(3916);
// EXTERNAL MODULE: external "node:crypto"
var external_node_crypto_ = __webpack_require__(7598);
// EXTERNAL MODULE: ./node_modules/@actions/github/lib/github.js + 21 modules
var github = __webpack_require__(1758);
// EXTERNAL MODULE: ./node_modules/@octokit/plugin-retry/dist-bundle/index.js
var dist_bundle = __webpack_require__(9735);
// EXTERNAL MODULE: ./node_modules/@octokit/plugin-throttling/dist-bundle/index.js
var plugin_throttling_dist_bundle = __webpack_require__(6856);
;// CONCATENATED MODULE: ./src/adapters/github-client.ts
/** GitHub's API with patience: for answers that do not come, for what is broken for a moment, and for its rate limits. */





/** Milliseconds: a comment is worth a minute, and one answer half of it. */
const limits = { together: 60_000, answer: 30_000 };
/** Wrong questions stay wrong. 403 and 429 are asked again by the clock that they come with, or not at all. */
const doNotRetry = [400, 401, 403, 404, 410, 422, 429, 451];
class GitHubClient {
    octokit;
    /** Set when a question was given up because of it. */
    rateLimit;
    #signal;
    #deadline;
    constructor({ token, apiUrl, until, patience = limits.together }) {
        this.#deadline = Date.now() + patience;
        const inTime = AbortSignal.timeout(patience);
        this.#signal = until === undefined ? inTime : AbortSignal.any([until, inTime]);
        const onLimit = (kind) => (seconds) => this.#mayWait(kind, seconds);
        const options = {
            ...(apiUrl === undefined ? {} : { baseUrl: apiUrl }),
            retry: { doNotRetry, retries: 2 },
            throttle: { id: (0,external_node_crypto_.randomUUID)(), onRateLimit: onLimit('primary'), onSecondaryRateLimit: onLimit('secondary') },
            // Whatever they say would go to standard error, unread.
            log: { debug: silent, info: silent, warn: silent, error: silent },
        };
        // In this order, each try has a time of its own, and the last one is asked first whether to try again.
        this.octokit = (0,github/* getOctokit */.Q)(token, options, octokit => this.#limitAnswers(octokit), dist_bundle/* retry */.L, plugin_throttling_dist_bundle/* throttling */.A);
    }
    /** @throws what the questions throw, and when there is no more time */
    async ask(question) {
        const signal = this.#signal;
        if (signal.aborted)
            throw new Error(this.#lateness());
        let onAbort = () => undefined;
        // What waits for its next try does not hear that there will be none.
        const late = new Promise((_, reject) => {
            onAbort = () => {
                reject(new Error(this.#lateness()));
            };
            signal.addEventListener('abort', onAbort);
        });
        try {
            return await Promise.race([question(this.octokit), late]);
        }
        catch (error) {
            throw this.#signal.aborted ? new Error(this.#lateness(), { cause: error }) : error;
        }
        finally {
            signal.removeEventListener('abort', onAbort);
        }
    }
    #lateness() {
        const reason = this.#signal.reason;
        return reason instanceof DOMException ? 'it took too long to answer' : (0,errors/* messageOf */.bD)(reason);
    }
    #mayWait(kind, seconds) {
        const endsAt = Date.now() + seconds * 1000;
        if (endsAt < this.#deadline)
            return true;
        this.rateLimit = { kind, endsAt: new Date(endsAt) };
        return false;
    }
    #limitAnswers(octokit) {
        octokit.hook.wrap('request', async (request, options) => {
            const signal = AbortSignal.any([this.#signal, AbortSignal.timeout(limits.answer)]);
            try {
                return await request({ ...options, request: { ...options.request, signal } });
            }
            catch (error) {
                // A wrong question is not asked again; one that nobody waits for need not be, either.
                if (this.#signal.aborted && error instanceof Error)
                    throw Object.assign(error, { status: 400 });
                throw asRateLimit(error);
            }
        });
        return {};
    }
}
/** Says `secondary rate limit` where GitHub only says when to come again: these words are what the plugin looks for. */
function asRateLimit(error) {
    const { status, response } = error;
    const isLimit = status === 429 || (status === 403 && response?.headers?.['retry-after'] !== undefined);
    if (isLimit && error instanceof Error && !/secondary rate/i.test(error.message)) {
        error.message += ' (a secondary rate limit)';
    }
    return error;
}
function silent() {
    return;
}

;// CONCATENATED MODULE: ./src/adapters/github-comments.ts


/** Comments through GitHub's API, or that of a GitHub Enterprise Server. */
class GitHubComments {
    #options;
    #repository;
    #client;
    constructor(options) {
        const [owner = '', repo = ''] = options.repository.split('/');
        this.#options = options;
        this.#repository = { owner, repo };
    }
    async find(pullRequest, marker) {
        return this.#ask('read the comments', async ({ rest, paginate, graphql }) => {
            const { viewer } = await graphql('query { viewer { login } }');
            // GitHub names an app with and without `[bot]`; nobody else can have such a name.
            const names = new Set([viewer.login, `${viewer.login.replace(/\[bot\]$/, '')}[bot]`]);
            const all = { ...this.#repository, issue_number: pullRequest, per_page: 100 };
            for await (const { data } of paginate.iterator(rest.issues.listComments, all)) {
                const own = data.find(({ user, body }) => names.has(user?.login ?? '') && body?.startsWith(marker) === true);
                if (own !== undefined)
                    return { id: own.id, body: own.body ?? '' };
            }
            return undefined;
        });
    }
    async create(pullRequest, body) {
        // Not asked again by itself: GitHub may have written the comment although its answer was lost.
        const comment = { ...this.#repository, issue_number: pullRequest, body, request: { retries: 0 } };
        const create = () => this.#ask('write a comment', async ({ rest }) => {
            await rest.issues.createComment(comment);
        });
        try {
            await create();
        }
        catch (error) {
            if (!isLost(error))
                throw error;
            if ((await this.find(pullRequest, body)) === undefined)
                await create();
        }
    }
    async update(id, body) {
        await this.#ask('change its comment', ({ rest }) => rest.issues.updateComment({ ...this.#repository, comment_id: id, body }));
    }
    async #ask(what, ask) {
        const { token } = this.#options;
        if (token === undefined)
            throw new errors/* GitHubApiError */.OS(`no token to ${what}`, permission, true);
        // One for all questions: they share the time.
        const client = (this.#client ??= new GitHubClient({ ...this.#options, token }));
        try {
            return await client.ask(ask);
        }
        catch (error) {
            throw explain(what, error, client);
        }
    }
}
const permission = 'Give the job `permissions: pull-requests: write`; pull requests of forks and of Dependabot do not get it, see examples/workflows/comment.yml for them.';
function explain(what, error, { rateLimit }) {
    const status = statusOf(error);
    const reason = status === undefined ? (0,errors/* messageOf */.bD)(error) : `${String(status)} ${(0,errors/* messageOf */.bD)(error)}`;
    const message = `GitHub did not let Image Gate ${what}: ${reason}`;
    if (rateLimit !== undefined) {
        const end = rateLimit.endsAt.toISOString().replace(/\.\d+Z$/, 'Z');
        const advice = `Run again after ${end}, when the ${rateLimit.kind} rate limit of this token ends; jobs that share a token share its limit.`;
        return new errors/* GitHubApiError */.OS(message, advice, false, { cause: error });
    }
    // To a token that may not see a repository, GitHub says that there is none.
    const forbidden = status === 401 || status === 403 || status === 404;
    const advice = forbidden ? permission : 'Run again; see https://www.githubstatus.com if it stays.';
    return new errors/* GitHubApiError */.OS(message, advice, forbidden, { cause: error });
}
/** True where nobody knows whether GitHub did what it was asked. */
function isLost(error) {
    const status = statusOf(error?.cause);
    return status !== undefined && status >= 500;
}
function statusOf(error) {
    const status = error?.status;
    return typeof status === 'number' ? status : undefined;
}


/***/ })

};
