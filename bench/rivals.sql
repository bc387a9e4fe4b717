CREATE TABLE "HandSession" (
    "id" VARCHAR(191) NOT NULL PRIMARY KEY,
    "userId" INTEGER NOT NULL,
    "ipAddress" VARCHAR(191),
    "userAgent" VARCHAR(191),
    "createdAt" DATETIME(3) NOT NULL,
    "lastActivity" DATETIME(3) NOT NULL,
    "expiresAt" DATETIME(3) NOT NULL,
    FOREIGN KEY ("userId") REFERENCES "User" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX "HandSession_userId_idx" ON "HandSession"("userId");

CREATE TABLE "AuthUser" (
    "id" VARCHAR(191) NOT NULL PRIMARY KEY,
    "name" VARCHAR(191) NOT NULL,
    "email" VARCHAR(191) NOT NULL,
    "emailVerified" BOOLEAN NOT NULL DEFAULT false,
    "image" VARCHAR(191),
    "createdAt" DATETIME(3) NOT NULL,
    "updatedAt" DATETIME(3) NOT NULL
);
CREATE UNIQUE INDEX "AuthUser_email_key" ON "AuthUser"("email");
CREATE TABLE "AuthSession" (
    "id" VARCHAR(191) NOT NULL PRIMARY KEY,
    "expiresAt" DATETIME(3) NOT NULL,
    "token" VARCHAR(191) NOT NULL,
    "createdAt" DATETIME(3) NOT NULL,
    "updatedAt" DATETIME(3) NOT NULL,
    "ipAddress" VARCHAR(191),
    "userAgent" VARCHAR(191),
    "userId" VARCHAR(191) NOT NULL,
    FOREIGN KEY ("userId") REFERENCES "AuthUser" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE UNIQUE INDEX "AuthSession_token_key" ON "AuthSession"("token");
CREATE INDEX "AuthSession_userId_idx" ON "AuthSession"("userId");

CREATE TABLE "LuciaUser" (
    "id" VARCHAR(191) NOT NULL PRIMARY KEY
);
CREATE TABLE "LuciaSession" (
    "id" VARCHAR(191) NOT NULL PRIMARY KEY,
    "userId" VARCHAR(191) NOT NULL,
    "expiresAt" DATETIME(3) NOT NULL,
    FOREIGN KEY ("userId") REFERENCES "LuciaUser" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX "LuciaSession_userId_idx" ON "LuciaSession"("userId");

CREATE TABLE "StoreSession" (
    "id" VARCHAR(191) NOT NULL PRIMARY KEY,
    "sid" VARCHAR(191) NOT NULL,
    "data" TEXT NOT NULL,
    "expiresAt" DATETIME(3) NOT NULL
);
CREATE UNIQUE INDEX "StoreSession_sid_key" ON "StoreSession"("sid");
