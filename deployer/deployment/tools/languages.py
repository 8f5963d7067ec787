"""Last output of languages, their package managers, compilers and servers, with its meaning."""

from __future__ import annotations

from deployer.deployment.clues import clue

_LANGUAGES = "the languages' and their package managers' own messages"
_SPRING = "Spring Boot, failure analyses"
_DOTNET_SOURCE = ".NET host, error messages"
_DOTNET = (
    "Install it in BeforeInstall or in the image, or publish with --self-contained; if it is in another "
    "folder than the system's, set DOTNET_ROOT in the hook or the service's unit."
)

LANGUAGE_CLUES = (
    clue(
        r"allowed memory size of \d{1,20} bytes",
        "PHP reached its own memory limit.",
        "Raise memory_limit for the command: php -d memory_limit=-1 …",
        source=_LANGUAGES,
    ),
    clue(
        r"fatal error: (?P<header>[\w./+-]{1,100}\.(?:h|hpp)): |not found: (?:make|gcc|g\+\+|cc|cmake)\b"
        r"|command '?\S{0,60}(?:gcc|g\+\+|cc)'? failed|pg_config executable not found|mysql_config"
        r"|no acceptable C compiler|failed to build gem native|failed building wheel|could not build wheels"
        r"|gyp err! find python|can't find header files",
        "A dependency is compiled on the instance, which lacks a compiler, a tool or a header file for "
        "that. {header}",
        "Install them in BeforeInstall or in the image (gcc, make and the library's -dev or -devel "
        "package), or install dependencies before packaging, on the same system and architecture.",
        source=_LANGUAGES,
    ),
    clue(
        r"ensurepip is not|python3(?:\.\d{1,2})?-venv",
        "Python on the instance lacks venv.",
        "Install python3-venv in BeforeInstall or in the image.",
        source=_LANGUAGES,
    ),
    clue(
        r"requires ext-(?P<ext>\w{1,40})|(?P<extension>\w{1,40}) (?:php )?extension is (?:missing|not)"
        r"|(?P<pdo>could not "
        r"find driver)|call to undefined function (?P<function>\w{1,60})\("
        r"|class ['\"]\\?(?P<class>ZipArchive|Redis|Memcached|Imagick|PDO|mysqli|DOMDocument|SimpleXMLElement"
        r"|XML(?:Reader|Writer)|SoapClient|NumberFormatter|Collator|IntlDateFormatter|GMP"
        r"|MongoDB\\Driver\\\w{1,40})['\"] not found",
        "PHP on the instance lacks an extension: {ext}{extension}{pdo}{function}{class}.",
        "Install it (for example php-mbstring, php-mysql) in BeforeInstall or in the image.",
        source=_LANGUAGES,
    ),
    clue(
        r"failed opening required '[^'\n]{0,300}\bvendor/"
        r"|\bvendor/autoload\.php[^\n]{0,60}(?:failed to open|no such file|not found|does not exist|missing)",
        "Composer's packages are missing: vendor is not in the revision, or composer install has not run.",
        "Run composer install before packaging, and check that exclude leaves vendor in; or run it in "
        "AfterInstall, in the application's folder.",
        source="PHP and Composer, error messages",
    ),
    clue(
        r"class ['\"](?P<class>[A-Z][\w\\]{1,200})['\"] not found"
        r"|target class \[(?P<target>[\w\\]{1,200})\] does not exist",
        "PHP finds no class {class}{target}.",
        "Check that its package is in require of composer.json (--no-dev leaves require-dev out), that "
        "exclude leaves its file in, and the case of its path, which counts on Linux; then run composer "
        "dump-autoload.",
        source="PHP and Laravel, error messages",
    ),
    clue(
        r"no main manifest attribute, in (?P<jar>[^\n]{1,300})",
        "{jar} is not an executable jar.",
        "Start the one that Spring Boot repackages, not the one that ends in -plain.jar; leave that out of "
        "the bundle.",
        source=_LANGUAGES,
    ),
    clue(
        r"\bE401\b|ENEEDAUTH|unable to authenticate, |401 Unauthorized - (?:GET|PUT)|E403\b"
        r"|403 Forbidden - GET",
        "The package registry rejects the instance's token, or there is none.",
        "Install dependencies before packaging, so that the instance needs no token, or put an .npmrc with a "
        "valid one on it.",
        source=_LANGUAGES,
    ),
    clue(
        r"404 Not Found - GET (?P<url>\S{1,300})|is not in (?:this|the npm) registry|\bETARGET\b"
        r"|No matching version found",
        "The package registry has no such package or version, or shows it only to those who are logged "
        "in. {url}",
        "Install dependencies before packaging; for private packages the instance needs an .npmrc with a "
        "token.",
        source=_LANGUAGES,
    ),
    clue(
        r"could not load file or assembly '(?P<assembly>[^',\n]{1,200})"
        r"|(?:ClassNotFoundException|NoClassDefFoundError): (?P<java>[\w./$]{1,200})",
        "The application's dependency {assembly}{java} is not in the revision.",
        "Publish the application with its dependencies; check what exclude leaves out.",
        source=_LANGUAGES,
    ),
    clue(
        r"no module named '?distutils\b",
        "Python 3.12 and later come without distutils, which the application or one of its packages uses.",
        "Update that package, install setuptools into the same environment, or use an older Python; before "
        "3.12, the system's package python3-distutils may be missing.",
        source="Python 3.12, release notes; pip, error messages",
    ),
    clue(
        r"error TS(?:2307|7016|2688)\b[^\n'\"]{0,80}['\"](?P<types>[^'\"\n]{1,200})"
        r"|module not found[^\n]{0,20} can't resolve '(?P<module>[^'\n]{1,200})'"
        r"|failed to resolve import \"(?P<rollup>[^\"\n]{1,200})\""
        r"|\[ERROR\] Could not resolve \"(?P<esbuild>[^\"\n]{1,200})\"",
        "The build on the instance does not find {types}{module}{rollup}{esbuild}.",
        "Build before packaging. If it is a package: NODE_ENV=production and --omit=dev leave "
        "devDependencies out; if it is a file: check exclude and the case of its name, which counts on "
        "Linux.",
        source="TypeScript, webpack, Vite and esbuild, error messages",
    ),
    clue(
        r"\berror (?P<code>TS\d{1,6}): ",
        "The TypeScript compiler rejects the code ({code}).",
        "Build before packaging, so that this is noticed before a deployment. If TS2307 or TS7016 is among "
        "the errors, packages are missing: NODE_ENV=production and --omit=dev leave devDependencies out.",
        source="TypeScript, error messages",
    ),
    clue(
        r"could not find 'bundler' \((?P<version>[^)\n]{1,40})\)"
        r"|can't find gem (?P<gem>bundler \([^)\n]{1,40}\))"
        r"|must use (?P<least>Bundler \d{1,2}) or greater",
        "The version of Bundler that Gemfile.lock asks for is not on the instance: {version}{gem}{least}.",
        "Install it in BeforeInstall or in the image (gem install bundler:VERSION), or lock another one: "
        "bundle update --bundler.",
        source="Bundler and RubyGems, error messages",
    ),
    clue(
        r"could not find (?:gem )?'?(?P<gem>[\w.-]{1,100})[^\n]{0,400} in (?:any of the sources"
        r"|locally installed gems)",
        "The application's dependency {gem} is not on the instance.",
        "Run bundle install before, with the same user and version of Ruby, or package vendor/bundle.",
        source="Bundler and RubyGems, error messages",
    ),
    clue(
        r"no module named '?(?P<module>(?:\w{1,80}\.){1,6}(?:wsgi|asgi|settings))\b"
        r"|no module named '(?P<plain>app|application|main|wsgi|asgi|settings)'"
        r"|could not import module \"(?P<asgi>[\w.]{1,200})\"",
        "Python does not find the application's own module {module}{plain}{asgi}.",
        "Start it in the application's folder (cd, gunicorn --chdir, WorkingDirectory= of the unit), and "
        "check that exclude leaves the module in.",
        source="Python, gunicorn and uvicorn, error messages",
    ),
    clue(
        r"(?:no module named|cannot find (?:module|package))[:\s]{1,5}['\"]?(?P<module>[\w./@-]{1,200})"
        r"|error loading (?P<driver>\w{1,60}) (?:or \w{1,60} )?module"
        r"|could not find gem '?(?P<gem>[\w./@-]{1,200})"
        r"|cannot load such file -- (?P<ruby>[\w./@-]{1,200})"
        r"|could not find or load main class (?P<java>[\w./@-]{1,200})",
        "The application's dependency {module}{driver}{gem}{ruby}{java} is not in the revision.",
        "Install dependencies before packaging, or in AfterInstall; check what exclude leaves out.",
        source=_LANGUAGES,
    ),
    clue(
        r"class file version (?P<built>\d{1,3})[^\n]{0,200} up to (?P<known>\d{1,3})",
        "The application is compiled for a newer Java than the instance runs: its class files have version "
        "{built}, and {known} is the newest that this Java knows.",
        "Install that Java in BeforeInstall or in the image (52 is Java 8, 55 is 11, 61 is 17, 65 is 21), or "
        "compile for the older one: javac --release.",
        source="Java, error messages",
    ),
    clue(
        r"framework:? '(?P<framework>[\w.]{1,100})',? version '(?P<version>[\w.-]{1,40})'",
        "The .NET runtime that the application needs is not on the instance: {framework} {version}.",
        _DOTNET,
        source=_DOTNET_SOURCE,
    ),
    clue(
        r"no \.NET SDKs were found|application '[^'\n]{1,300}\.dll' does not exist"
        r"|any installed \.NET (?:Core )?SDKs",
        "The script calls dotnet with a command of the SDK, which the instance does not have, or with an "
        "application that does not exist.",
        "Publish in the CI job (dotnet publish), and start the published DLL by its full path.",
        source=_DOTNET_SOURCE,
    ),
    clue(
        r"must install (?:or update )?\.NET|libhostfxr",
        "The .NET runtime that the application needs is not on the instance, or is not found.",
        _DOTNET,
        source=_DOTNET_SOURCE,
    ),
    clue(
        r"UnsupportedClassVersionError|GLIBC(?:XX)?_[\d.]{1,10}' not found"
        r"|error while loading shared libraries"
        r"|requires php|your php version|unsupported engine|requires node|requires a different python"
        r"|compatible \.NET SDK|digital envelope routines"
        r"|compatible framework version|UNSUPPORTED_ENGINE|EBADENGINE"
        r"|requires-python|SyntaxError: unexpected token|requires ruby|your ruby version"
        r"|no version is set for command",
        "The application needs another version of a language or a library than the instance has.",
        "Install that version in BeforeInstall or in the image, or build for the installed one.",
        source=_LANGUAGES,
    ),
    clue(
        r"externally-managed-environment",
        "The system's Python does not let pip install into it.",
        "Use a virtual environment: python3 -m venv, and its own pip.",
        source=_LANGUAGES,
    ),
    clue(
        r"missing script:? ?['\"]?(?P<script>[\w:.-]{0,100})|command (?P<yarn>\"[^\"\n]{1,100}\") not found",
        "package.json has no script {script}{yarn}.",
        "Check its name, and that the right package.json is in the bundle.",
        source=_LANGUAGES,
    ),
    clue(
        r"\bERESOLVE\b|\bpeer(?:Optional)? \S{1,100}@\"",
        "npm finds no versions of the declared packages that satisfy each other's peer dependencies.",
        "Correct them in package.json and run npm ci with the committed lock file, with the same version of "
        "npm as in the CI job; --legacy-peer-deps ignores the conflict.",
        source="npm, error messages",
    ),
    clue(
        r"could not be resolved to an installable set|No matching distribution found"
        r"|ResolutionImpossible"
        r"|only install (?:with an existing package-lock|packages when)|not in sync|frozen-lockfile"
        r"|version solving failed|could not find compatible versions",
        "The declared dependencies cannot be installed.",
        "Build before packaging, so that this is noticed before a deployment, and include the lock file in "
        "the bundle.",
        source=_LANGUAGES,
    ),
    clue(
        r"could not resolve placeholder '(?P<setting>[^'\n]{1,200})'",
        "A setting that the application needs is missing on the instance: {setting}.",
        "Put it there before this hook, in the environment of the service or an application.properties "
        "beside the jar: hooks do not see variables of a login shell or the CI job.",
        source=_SPRING,
    ),
    clue(
        r"failed to configure a DataSource|failed to determine a suitable driver class",
        "The application's settings for its database are missing on the instance, or those of another "
        "profile are in use.",
        "Put them there before this hook (SPRING_DATASOURCE_URL, SPRING_PROFILES_ACTIVE): hooks do not see "
        "variables of a login shell or the CI job.",
        source=_SPRING,
    ),
    clue(
        r"ImproperlyConfigured|no application encryption key|MissingAppKey|secret_key_base",
        "A setting that the application needs is missing on the instance.",
        "Put its settings there before this hook: hooks do not see variables of a login shell or the CI job.",
        source=_LANGUAGES,
    ),
)

START_CLUES = (
    clue(
        r"worker failed to boot|app failed to load|\bHaltServer\b",
        "gunicorn cannot load the application: it raises an error while it is imported, or gunicorn does not "
        "find it.",
        "The traceback in the log names the error; where there is none, run this on the instance, as the "
        "same user: gunicorn --check-config MODULE:APP.",
        source="gunicorn, arbiter.py",
    ),
    clue(
        r"APPLICATION FAILED TO START|error creating bean with name|application (?:run|startup) failed",
        "The Spring Boot application fails while it starts.",
        "The text below Description, or the last line that begins with Caused by, names the reason; look "
        "also at the settings and the profile that it starts with on the instance.",
        source=_SPRING,
    ),
)
"""Clues that an application does not start, which say little of why."""
