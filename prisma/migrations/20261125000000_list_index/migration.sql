-- DropIndex
DROP INDEX "UserSession_userId_createdAt_id_idx";

-- CreateIndex
CREATE INDEX "UserSession_userId_createdAt_idx" ON "UserSession"("userId", "createdAt");
